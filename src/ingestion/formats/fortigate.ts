import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTimeText, type ReadTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonValue, unsignedOf } from './json-value.js';
import { readKeyValues } from './key-values.js';
import { oneLine } from './summary.js';
import { verdictOfWord } from './verdict-words.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * FortiGate logs as `key=value` pairs (Fortinet, "FortiOS Log Message Reference"): traffic, security profiles and events.
 * The time is `eventtime` in seconds, milliseconds or nanoseconds by version, else `date` and `time` in the zone `tz`.
 */
export const fortigate: FormatAdapter = { name: 'fortigate', version: 1, detect, normalise };

type Pairs = ReadonlyMap<string, string>;

function detect({ object, text }: Wire): boolean {
  if (object !== null || /(?:CEF|LEEF):\d/.test(text)) return false;
  const hasId = /(?:^|\s)(?:logid|log_id)="?\d/.test(text);
  return hasId && /(?:^|\s)type="?\w/.test(text) && /(?:^|[\s>])(?:devid|devname|date|vd|eventtime)=/.test(text);
}

function normalise(wire: Wire): Normalised {
  const pairs = readKeyValues(wire.text);
  const type = (pairs.get('type') ?? '').toLowerCase();
  if (pairs.has('cfgpath') || pairs.has('cfgobj') || pairs.has('cfgattr')) return accept(readChange(pairs, wire));
  if (type === 'traffic' || pairs.has('srcip') || pairs.has('src')) return readSession(pairs, type, wire);
  if (type === '') return refuse('missing_field', 'expected type in a FortiGate log');
  return accept(readEvent(pairs, wire));
}

function timesOf(pairs: Pairs, wire: Wire): (ReadTime | null)[] {
  const epoch = readEpoch(pairs.get('eventtime'));
  const day = pairs.get('date');
  const tz = pairs.get('tz');
  const zone = tz === undefined ? wire.context.zone : tz;
  const text = day === undefined ? null : `${day} ${pairs.get('time') ?? '00:00:00'}`;
  return [
    epoch === null ? null : { time: epoch, guessed: [] },
    text === null ? null : readTimeText(text, { zone, receivedAt: wire.receivedAt }),
  ];
}

function readSession(pairs: Pairs, type: string, wire: Wire): Normalised {
  const flags: string[] = [];
  const value = (...names: string[]): string | null => {
    for (const name of names) {
      const text = pairs.get(name);
      if (text !== undefined && text !== '' && text !== 'N/A' && text !== 'undefined') return text;
    }
    return null;
  };
  const protocol = protocolOf(value('proto'));
  const noPorts = !hasPorts(protocol);
  const end = (side: 'src' | 'dst'): NormalForm['source'] =>
    endpointOf(
      {
        ip: value(`${side}ip`, side),
        port: noPorts ? null : portOf(value(`${side}port`, `${side}_port`), flags),
        instance: value(`${side}name`, side === 'src' ? 'srchwname' : 'dsthwname'),
        zone: value(`${side}intf`, `${side}_int`),
        dnsNames: side === 'dst' && value('hostname') !== null ? [value('hostname') ?? ''] : [],
      },
      flags,
    );
  const source = end('src');
  const destination = end('dst');
  if (source === null && destination === null) return refuse('missing_field', 'expected srcip and dstip');
  const isTraffic = type === 'traffic';
  const action = value('action', 'utmaction');
  const verdict = judge(action, isTraffic, pairs, flags);
  const told = {
    verdict,
    source,
    destination,
    protocol,
    direction: directionOf(value('direction')),
    isReply: null,
    reason: value('msg', 'logdesc'),
  } as const;
  const policy = value('policyname', 'poluuid', 'policyid');
  return accept({
    ...emptyRecord(isTraffic ? 'flow' : 'signal', fortigate),
    ...told,
    ...chooseTime(timesOf(pairs, wire), wire, flags),
    summary: flowSummary({ ...told, reason: null }, isTraffic ? value('service') : `${type} ${value('subtype') ?? ''}`),
    verdictRaw: action,
    reporterName: value('devname', 'devid') ?? wire.syslog?.host ?? null,
    count: 1,
    traffic: {
      bytes: unsignedOf(value('sentbyte')),
      packets: unsignedOf(value('sentpkt')),
      replyBytes: unsignedOf(value('rcvdbyte')),
      replyPackets: unsignedOf(value('rcvdpkt')),
    },
    severity: severityOf(value('level', 'pri')),
    severityRaw: value('level', 'pri'),
    policies: policy === null ? [] : [policyRef(pairs, policy, verdict)],
    attributes: attributesOf(pairs, [
      'type',
      'subtype',
      'logid',
      'sessionid',
      'service',
      'app',
      'vd',
      'srccountry',
      'dstcountry',
      'trandisp',
      'transip',
      'transport',
      'duration',
      'user',
      'policytype',
      'attack',
      'attackid',
      'url',
      'devid',
    ]),
    places,
    flags,
  });
}

const places = {
  eventTime: 'eventtime',
  verdict: 'action',
  'source.ip': 'srcip',
  'source.port': 'srcport',
  'destination.ip': 'dstip',
  'destination.port': 'dstport',
  protocol: 'proto',
} as const;

function judge(action: string | null, isTraffic: boolean, pairs: Pairs, flags: string[]): Verdict {
  if (action === null) {
    const status = pairs.get('status');
    return status === undefined ? 'unknown' : (verdictOfWord(status) ?? 'unknown');
  }
  // Sessions end by being closed, reset or idle; all of them had been let through.
  const known: Verdict | null = isTraffic && action === 'dns' ? 'deny' : verdictOfWord(action);
  if (known === null) addFlag(flags, 'unknown_action');
  if (known === 'would_deny' && isTraffic) return 'unknown';
  return known ?? 'unknown';
}

function directionOf(word: string | null): NormalForm['direction'] {
  if (word === 'incoming' || word === 'inbound') return 'ingress';
  return word === 'outgoing' || word === 'outbound' ? 'egress' : 'unknown';
}

/** Policy 0 is what no policy matched: the implicit deny. */
function policyRef(pairs: Pairs, name: string, verdict: Verdict): NormalForm['policies'][number] {
  const id = pairs.get('policyid') ?? null;
  return {
    system: 'fortigate',
    kind: pairs.get('policytype') ?? 'policy',
    namespace: pairs.get('vd') ?? null,
    name: id === '0' && name === '0' && verdict === 'deny' ? 'implicit deny' : name.slice(0, 253),
    tier: null,
    rule: id,
    revision: null,
    effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
    staged: false,
  };
}

/** Configuration changes: `cfgpath`, `cfgobj` and `cfgattr` say what, `action` how. */
function readChange(pairs: Pairs, wire: Wire): NormalForm {
  const flags: string[] = [];
  const path = pairs.get('cfgpath') ?? '';
  const isPolicy = /policy|address|service|addrgrp|zone|shaping/i.test(path);
  const word = (pairs.get('action') ?? '').toLowerCase();
  const user = pairs.get('user') ?? null;
  const name = pairs.get('cfgobj') ?? null;
  return {
    ...emptyRecord(isPolicy ? 'policy_change' : 'admin', fortigate),
    ...chooseTime(timesOf(pairs, wire), wire, flags),
    summary: oneLine(`${user ?? 'unknown user'}: ${pairs.get('action') ?? 'changed'} ${path} ${name ?? ''}`),
    actor:
      user === null
        ? null
        : {
            name: user,
            realName: null,
            groups: [],
            addresses: addressesOf(pairs.get('ui')),
            userAgent: pairs.get('ui') ?? null,
          },
    verdict: 'allow',
    verdictRaw: pairs.get('status') ?? null,
    reporter: 'control-plane',
    reporterName: pairs.get('devname') ?? pairs.get('devid') ?? wire.syslog?.host ?? null,
    count: 1,
    severity: severityOf(pairs.get('level') ?? null),
    severityRaw: pairs.get('level') ?? null,
    policyChange: isPolicy
      ? {
          action: word === 'add' ? 'create' : word === 'delete' ? 'delete' : 'update',
          applied: true,
          dryRun: false,
          resource: {
            system: 'fortigate',
            apiVersion: '',
            kind: path.slice(0, 253),
            namespace: pairs.get('vd') ?? null,
            name,
            uid: null,
          },
          after: null,
          requested: pairs.get('cfgattr') ?? null,
          statusCode: null,
        }
      : null,
    attributes: attributesOf(pairs, ['type', 'subtype', 'logid', 'vd', 'cfgtid', 'cfgpath', 'cfgattr', 'msg', 'devid']),
    places: {
      'policyChange.resource': 'cfgpath',
      'policyChange.requested': 'cfgattr',
      'actor.name': 'user',
      eventTime: 'eventtime',
    },
    flags,
  };
}

function readEvent(pairs: Pairs, wire: Wire): NormalForm {
  const flags: string[] = [];
  const user = pairs.get('user') ?? null;
  const isAdmin = user !== null && user !== 'N/A';
  return {
    ...emptyRecord(isAdmin ? 'admin' : 'signal', fortigate),
    ...chooseTime(timesOf(pairs, wire), wire, flags),
    summary: oneLine(
      pairs.get('msg') ?? pairs.get('logdesc') ?? `FortiGate ${pairs.get('type')} ${pairs.get('subtype') ?? ''}`,
    ),
    actor: isAdmin
      ? {
          name: user,
          realName: null,
          groups: [],
          addresses: addressesOf(pairs.get('ui')),
          userAgent: pairs.get('ui') ?? null,
        }
      : null,
    verdictRaw: pairs.get('status') ?? pairs.get('action') ?? null,
    reporterName: pairs.get('devname') ?? pairs.get('devid') ?? wire.syslog?.host ?? null,
    count: 1,
    severity: severityOf(pairs.get('level') ?? null),
    severityRaw: pairs.get('level') ?? null,
    attributes: attributesOf(pairs, [
      'type',
      'subtype',
      'logid',
      'logdesc',
      'action',
      'status',
      'reason',
      'vd',
      'devid',
    ]),
    places: { eventTime: 'eventtime' },
    flags,
  };
}

/** `GUI(10.0.0.7)`, `https(10.0.0.7)`. */
function addressesOf(ui: string | undefined): string[] {
  const address = /\(([\d.a-fA-F:]{2,45})\)/.exec(ui ?? '')?.[1];
  return address === undefined ? [] : [address];
}

const levels = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'information', 'debug'];

function severityOf(level: string | null): number | null {
  if (level === null) return null;
  const at = levels.indexOf(level.toLowerCase());
  return at === -1 ? null : at;
}

function attributesOf(pairs: Pairs, names: readonly string[]): Record<string, JsonValue> {
  return Object.fromEntries(names.flatMap((name) => (pairs.get(name) ? [[name, pairs.get(name) ?? '']] : [])));
}
