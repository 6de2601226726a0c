import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import type { JsonValue } from './json-value.js';
import { readQuoted } from './key-values.js';
import { oneLine } from './summary.js';
import { verdictOfWord } from './verdict-words.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/**
 * Check Point Log Exporter (Check Point, sk122323): pairs between `|` in the message, or `key:"value";` in what stands in
 * the place of structured data of RFC 5424 and is none. Detect says that a rule would have stopped the connection.
 */
export const checkPoint: FormatAdapter = { name: 'check-point', version: 1, detect, normalise };

type Pairs = ReadonlyMap<string, string>;

const barForm = /(?:^|\|)(?:product|loguid|originsicname|origin|action)=/;
const colonForm = /\[(?:[\w@.]{1,40} )?[\w.]{1,60}:"/;

function detect({ object, text, line }: Wire): boolean {
  if (object !== null || /(?:CEF|LEEF):\d/.test(line)) return false;
  if (text.includes('|') && barForm.test(text) && /(?:^|\|)(?:loguid|logid|ifdir|product)=/.test(text)) return true;
  return line.includes(':"') && colonForm.test(line) && /(?:loguid|product|origin|action):"/.test(line);
}

function normalise(wire: Wire): Normalised {
  const pairs = barForm.test(wire.text) && wire.text.includes('|') ? readBars(wire.text) : readColons(wire.line);
  const value = (...names: string[]): string | null => {
    for (const name of names) {
      const text = pairs.get(name);
      if (text !== undefined && text !== '') return text;
    }
    return null;
  };
  const flags: string[] = [];
  const protocol = protocolOf(value('proto', 'ip_proto'));
  const icmp = protocol?.number === 1 || protocol?.number === 58;
  const source = endpointOf(
    {
      ip: value('src'),
      port: icmp ? null : portOf(value('s_port', 'sport_svc'), flags),
      instance: value('src_machine_name'),
      zone: value('inzone', 'security_inzone'),
    },
    flags,
  );
  const service = value('service', 'd_port');
  const destination = endpointOf(
    {
      ip: value('dst'),
      port: icmp || service === null || !/^\d+$/.test(service) ? null : portOf(service, flags),
      instance: value('dst_machine_name'),
      zone: value('outzone', 'security_outzone'),
    },
    flags,
  );
  const action = value('action', 'rule_action');
  const known = action === null ? null : verdictOfWord(action);
  const verdict = action === null ? 'unknown' : (known ?? 'unknown');
  if (action !== null && known === null) addFlag(flags, 'unknown_action');
  const isFlow = source?.ip != null && destination?.ip != null;
  const way = (value('conn_direction') ?? value('ifdir') ?? '').toLowerCase();
  const direction: NormalForm['direction'] =
    way === 'incoming' || way === 'inbound'
      ? 'ingress'
      : way === 'outgoing' || way === 'outbound'
        ? 'egress'
        : 'unknown';
  const told = {
    verdict: isFlow ? verdict : ('none' as const),
    source,
    destination,
    protocol,
    direction,
    isReply: null,
    reason: value('reason', 'message_info', 'drop_reason'),
  };
  const time = readEpoch(value('time'));
  const admin = value('administrator', 'audit_status') === null ? null : value('administrator', 'user');
  const rule = value('rule_name', 'rule_uid', 'rule');
  return accept({
    ...emptyRecord(isFlow ? 'flow' : admin === null ? 'signal' : 'admin', checkPoint),
    ...told,
    ...chooseTime([time === null ? null : { time, guessed: [] }], wire, flags),
    summary: isFlow
      ? flowSummary(told, value('product', 'service_id'))
      : oneLine(
          `Check Point ${value('product') ?? ''}: ${value('operation', 'message_info', 'description', 'action') ?? 'event'} ${value('objectname') ?? ''}`,
        ),
    nativeId: value('loguid'),
    actor:
      isFlow || admin === null
        ? null
        : {
            name: admin,
            realName: null,
            groups: [],
            addresses: value('client_ip') === null ? [] : [value('client_ip') ?? ''],
            userAgent: value('client_name'),
          },
    verdictRaw: action,
    reporterName: value('origin', 'hostname') ?? wire.syslog?.host ?? null,
    count: 1,
    severity: wire.syslog?.severity ?? null,
    severityRaw: value('severity'),
    traffic:
      value('bytes', 'sent_bytes', 'received_bytes') === null
        ? null
        : {
            bytes: value('sent_bytes', 'client_outbound_bytes'),
            packets: value('client_outbound_packets'),
            replyBytes: value('received_bytes', 'client_inbound_bytes'),
            replyPackets: value('client_inbound_packets'),
          },
    policies:
      rule === null
        ? []
        : [
            {
              system: 'check-point',
              kind: 'Rule',
              namespace: value('layer_name'),
              name: (value('policy_name', 'policy_id_tag') ?? rule).slice(0, 253),
              tier: value('layer_name'),
              rule: rule.slice(0, 253),
              revision: null,
              effect:
                verdict === 'allow' ? ('allow' as const) : verdict === 'deny' ? ('deny' as const) : ('none' as const),
              staged: false,
            },
          ],
    attributes: attributesOf(pairs),
    places: {
      eventTime: 'time',
      verdict: 'action',
      'source.ip': 'src',
      'source.port': 's_port',
      'destination.ip': 'dst',
      'destination.port': 'service',
      protocol: 'proto',
    },
    flags,
  });
}

/** `key=value|key=value`, in which `\=`, `\|` and `\\` are escaped. */
function readBars(text: string): Pairs {
  const pairs = new Map<string, string>();
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    if (text[at] === '\\') at++;
    else if (at === text.length || text[at] === '|') {
      const pair = text.slice(from, at);
      const equals = pair.indexOf('=');
      const key = equals === -1 ? '' : pair.slice(0, equals).trim();
      if (key !== '' && !pairs.has(key)) pairs.set(key, pair.slice(equals + 1).replace(/\\([=|\\])/g, '$1'));
      from = at + 1;
    }
  }
  return pairs;
}

/** `key:"value"; key:"value"` inside the brackets. */
function readColons(line: string): Pairs {
  const pairs = new Map<string, string>();
  for (const found of line.matchAll(/([\w.-]{1,80}):(?=")/g)) {
    const key = found[1] ?? '';
    if (!pairs.has(key)) pairs.set(key, readQuoted(line, found.index + found[0].length).value);
  }
  return pairs;
}

function attributesOf(pairs: Pairs): Record<string, JsonValue> {
  const shown = new Set(['src', 'dst', 's_port', 'proto', 'time', '__proto__']);
  return Object.fromEntries(
    [...pairs]
      .filter(([key, value]) => !shown.has(key) && value !== '')
      .slice(0, 100)
      .map(([key, value]) => [key, value.slice(0, 2000)]),
  );
}
