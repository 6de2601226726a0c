import type { Actor, NormalForm, PolicyChange } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { readTime } from './event-time.js';
import { canonicalAddress } from './ip-address.js';
import { isKeepable, type JsonObject, type JsonValue, nameOf, objectOf, textOf } from './json-value.js';
import { oneLine } from './summary.js';
import { emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/** What managers, edges and hosts log: structured data of VMware (enterprise 6876), then the message. */
const message = /\[nsxv?@6876((?: [\w.-]{1,60}="(?:[^"\\]|\\.){0,1000}"){1,40}) ?\] ?/;
const parameter = /([A-Za-z0-9_.-]{1,60})="((?:[^"\\]|\\.)*)"/g;
/** `UserName="admin", Operation status="success"`; some managers write single quotes. */
const pair = /(?:^|, )([A-Z][A-Za-z ]{1,30})=(?:"((?:[^"\\]|\\.)*)"|'([^']*)')/g;
/** A call of the API of a node, as its audit log has it: `ada 'DELETE /api/v1/…' 200 …`. */
const call = /'([A-Z]{3,7}) (\S{1,1000})' (\d{3})(?= |$)/;
const values = /(?:^|, )(Old value|New value)=\[/g;

/** Objects of the distributed and the gateway firewall, and the groups and services that their rules name. */
const policyObject =
  /SecurityPolic|GatewayPolic|Firewall|Dfw|Communication(?:Map|Entr)|Intrusion|(?:^|[a-z])Rule|Section|Group|IpSet|IPSet|Service(?!Instance|Account|Cluster)|ContextProfile|ExcludeList|Domain$/;
const notPolicy = /^(?:Get|List|Read|Search|Query)|RoleBinding|UserGroup|TransportNode|Certificate|Backup|Snapshot/;

const stamp = /(?:^|[\s>])(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))(?=\s)/g;

/**
 * The time that the host wrote: the last one in front of the message, since relays put headers of their own before the line. Null
 * where it is of the older form, which the syslog header is read for.
 */
export function lineTime(front: string): string | null {
  return readTime([...front.matchAll(stamp)].at(-1)?.[1]);
}

/** Is this a line that a component of NSX logged, other than a packet? */
export function isNsxMessage(line: string): boolean {
  return line.includes('@6876 ') && message.test(line);
}

/** Reads an entry of the audit log, which says who did what with which outcome; every other message is a signal. */
export function readNsxMessage(wire: Wire, adapter: Pick<FormatAdapter, 'name' | 'version'>): NormalForm {
  const found = message.exec(wire.line);
  const data = new Map(
    [...(found?.[1] ?? '').matchAll(parameter)].map(([, name = '', text = '']) => [
      name,
      text.replaceAll(/\\(.)/g, '$1'),
    ]),
  );
  const text = found === null ? wire.text : wire.line.slice(found.index + found[0].length).trim();
  const said = pairsOf(text);
  const operation = said.get('Operation') ?? null;
  const user = said.get('UserName') ?? data.get('username') ?? null;
  const flags: string[] = [];
  const time = chooseTime([lineTime(wire.line.slice(0, found?.index ?? 0))], wire, flags);
  const level = data.get('level') ?? null;
  const attributes: Record<string, JsonValue> = {};
  for (const [name, value] of [...data, ...said]) if (name !== '__proto__') attributes[name] = value.slice(0, 1000);
  const common = {
    ...time,
    reporterName: wire.syslog?.host ?? null,
    count: 1,
    severity: levels.get(level ?? '') ?? wire.syslog?.severity ?? null,
    severityRaw: level,
    attributes,
    flags,
  } as const;
  const [, method, path, code] = (data.get('audit') === 'true' ? call.exec(text) : null) ?? [];
  if (operation === null && code !== undefined) {
    return {
      ...emptyRecord('admin', adapter),
      ...common,
      summary: oneLine(`${user ?? 'unknown user'}: ${method ?? ''} ${path ?? ''} (${code})`),
      actor: user === null ? null : actorOf(user, null),
      verdict: code < '400' ? 'allow' : code === '401' || code === '403' ? 'deny' : 'error',
      verdictRaw: code,
      reporter: 'control-plane',
    };
  }
  if (operation === null) {
    return { ...emptyRecord('signal', adapter), ...common, summary: oneLine(`NSX ${data.get('comp') ?? ''}: ${text}`) };
  }
  const status = said.get('Operation status') ?? null;
  const change = changeOf(operation, text, status);
  const address = canonicalAddress(said.get('Src') ?? '');
  return {
    ...emptyRecord(change === null ? 'admin' : 'policy_change', adapter),
    ...common,
    summary: oneLine(
      `${user ?? 'unknown user'}: ${operation}${status === null ? '' : ` (${status})`}${change?.resource.name == null ? '' : ` ${change.resource.name}`}`,
    ),
    actor: user === null ? null : actorOf(user, address),
    verdict: status === null ? 'none' : /^success/i.test(status) ? 'allow' : 'error',
    verdictRaw: status,
    reporter: 'control-plane',
    policyChange: change,
    places: { 'actor.name': 'UserName', verdict: 'Operation status', 'policyChange.action': 'Operation' },
  };
}

function actorOf(name: string, address: string | null): Actor {
  return { name, realName: null, groups: [], addresses: address === null ? [] : [address], userAgent: null };
}

/** The pairs in front of the values, which are JSON and may hold anything. */
function pairsOf(text: string): ReadonlyMap<string, string> {
  const end = text.search(values);
  const pairs = new Map<string, string>();
  for (const [, name = '', double, single] of (end === -1 ? text : text.slice(0, end)).matchAll(pair))
    pairs.set(name, double ?? single ?? '');
  return pairs;
}

function changeOf(operation: string, text: string, status: string | null): PolicyChange | null {
  if (!policyObject.test(operation) || notPolicy.test(operation)) return null;
  const [before, after] = ['Old value', 'New value'].map((name) => valueOf(text, name));
  const verb = /^[A-Z]?[a-z]+/.exec(operation)?.[0].toLowerCase() ?? '';
  const action = /^(?:create|add|insert)$/.test(verb)
    ? 'create'
    : /^(?:delete|remove)$/.test(verb)
      ? 'delete'
      : 'update';
  const object = after ?? before ?? null;
  return {
    action,
    applied: status !== null && /^success/i.test(status),
    dryRun: false,
    resource: {
      system: 'nsx',
      apiVersion: '',
      kind: textOf(object?.resource_type) ?? operation.slice(verb.length),
      namespace: null,
      name: nameOf(object?.display_name) ?? nameOf(object?.id) ?? nameOf(object?.path),
      uid: nameOf(object?.path) ?? nameOf(object?.id),
    },
    after: null,
    requested: after !== null && isKeepable(after, 32) ? (after ?? null) : null,
    statusCode: null,
  };
}

/** The object in `New value=["domain" "policy" {…}]`; null where there is none or it was cut short. */
function valueOf(text: string, name: string): JsonObject | null {
  const begin = text.indexOf(`${name}=[`);
  if (begin === -1) return null;
  const next = name === 'Old value' ? text.indexOf(', New value=[', begin) : -1;
  const part = text.slice(begin, next === -1 ? undefined : next);
  const [from, to] = [part.indexOf('{'), part.lastIndexOf('}')];
  if (from === -1 || to < from) return null;
  try {
    return objectOf(JSON.parse(part.slice(from, to + 1)));
  } catch {
    return null;
  }
}

const levels: ReadonlyMap<string, number> = new Map([
  ['FATAL', 2],
  ['CRITICAL', 2],
  ['ERROR', 3],
  ['WARNING', 4],
  ['WARN', 4],
  ['INFO', 6],
  ['DEBUG', 7],
]);
