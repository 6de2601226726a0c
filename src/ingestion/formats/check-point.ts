import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { policyChangeOf } from './check-point-audit.js';
import { type Fields, fieldsOf, firstOf, isCheckPoint, type Pairs } from './check-point-pairs.js';
import { policiesOf } from './check-point-policies.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTimeText, type ReadTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { canonicalAddress } from './ip-address.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonValue, nameOf, unsignedOf } from './json-value.js';
import { portOfService } from './service-names.js';
import { oneLine } from './summary.js';
import { decidesNothing, verdictOfWord } from './verdict-words.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/**
 * Check Point logs as Log Exporter (Check Point, sk122323), gateways, LEA clients and `fw log` write them: pairs between `|`,
 * `key:"value";` in what stands in the place of structured data of RFC 5424 and is none, structured data, printed fields and
 * JSON. Detect says that a rule would have stopped the connection.
 */
export const checkPoint: FormatAdapter = { name: 'check-point', version: 2, detect: isCheckPoint, normalise };

type Ends = Pick<NormalForm, 'source' | 'destination' | 'protocol'>;
type Value = (...names: string[]) => string | null;

function normalise(wire: Wire): Normalised {
  const fields = fieldsOf(wire);
  const pairs = firstOf(fields);
  const value: Value = (...names) => {
    for (const name of names) {
      const text = pairs.get(name);
      if (text !== undefined && text.trim() !== '') return text;
    }
    return null;
  };
  const flags: string[] = [];
  const ends = endsOf(value, flags);
  // Drops that the gateway sums up are listed in one log.
  const [first, ...more] = isNothing(ends) ? listedPackets(value('packets')) : [];
  if (first === undefined) return accept(readLog(fields, value, ends, wire, flags));
  const read = (packet: Ends): NormalForm => readLog(fields, value, packet, wire, []);
  return accept(read(first), ...more.map(read));
}

function readLog(fields: Fields, value: Value, ends: Ends, wire: Wire, flags: string[]): NormalForm {
  const { source, destination } = ends;
  const isFlow = [source, destination].every((end) => (end?.ip ?? end?.instance ?? null) !== null);
  const change = isFlow ? null : policyChangeOf(value);
  const action = value('action', 'Action') ?? fields.findLast(([key]) => key === 'rule_action')?.[1] ?? null;
  const verdict = verdictOf(action, isFlow, change, flags);
  const told = {
    verdict,
    ...ends,
    direction: directionOf(value('conn_direction', 'ifdir', 'i/f_dir')),
    isReply: null,
    reason: value('reason', 'message_info', 'drop_reason', 'action_reason', 'tcp_packet_out_of_state'),
  };
  const admin = value('administrator', 'audit_status') === null ? null : value('administrator', 'user');
  const product = value('product', 'ProductName');
  const updated = value('lastupdatetime');
  const id = value('loguid');
  return {
    ...emptyRecord(
      isFlow ? 'flow' : change !== null ? 'policy_change' : admin === null ? 'signal' : 'admin',
      checkPoint,
    ),
    ...told,
    ...chooseTime([timeOf(value('time'), wire)], wire, flags),
    summary: isFlow
      ? flowSummary(told, product ?? value('service_id'))
      : oneLine(
          `Check Point ${product ?? ''}: ${value('operation', 'message_info', 'description', 'sys_message', 'action') ?? 'event'} ${value('objectname') ?? ''}`,
        ),
    // A log that goes on is told again under the same id.
    nativeId: nameOf(id === null || updated === null ? id : `${id} ${updated}`),
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
    ...(change === null ? {} : { reporter: 'control-plane' as const }),
    reporterName: value('origin', 'orig_name', 'orig', 'hostname') ?? wire.syslog?.host ?? null,
    count: 1,
    severity: wire.syslog?.severity ?? null,
    severityRaw: value('severity'),
    traffic: trafficOf(value),
    policies: policiesOf(fields, value, verdict),
    policyChange: change,
    attributes: attributesOf(firstOf(fields)),
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
  };
}

function endsOf(value: Value, flags: string[]): Ends {
  const protocol = protocolOf(value('proto', 'ip_proto'));
  const port = (text: string | null): number | null => {
    if (text === null || !hasPorts(protocol)) return null;
    return /^\d+$/.test(text) ? portOf(text, flags) : portOfService(text);
  };
  const end = (text: string | null): { ip: string | null; instance: string | null } =>
    // Clients of LEA may put names for addresses.
    text !== null && canonicalAddress(text) === null ? { ip: null, instance: text } : { ip: text, instance: null };
  const [from, to] = [end(value('src')), end(value('dst'))];
  return {
    protocol,
    source: endpointOf(
      {
        ip: from.ip,
        port: port(value('s_port', 'sport_svc')),
        instance: value('src_machine_name') ?? from.instance,
        zone: value('inzone', 'security_inzone'),
      },
      flags,
    ),
    destination: endpointOf(
      {
        ip: to.ip,
        port: port(value('service', 'd_port', 'svc')),
        instance: value('dst_machine_name') ?? to.instance,
        zone: value('outzone', 'security_outzone'),
      },
      flags,
    ),
  };
}

function isNothing({ source, destination }: Ends): boolean {
  return source?.ip == null && destination?.ip == null;
}

/** `<address,port,address,port,protocol;interface>`, at most a hundred of them. */
function listedPackets(text: string | null): Ends[] {
  const packets = (text ?? '').matchAll(
    /<([\d.a-fA-F:]{2,45}),(\d{1,5}),([\d.a-fA-F:]{2,45}),(\d{1,5}),(\d{1,3})(?:;([^>]{0,60}))?>/g,
  );
  return [...packets].slice(0, 100).map(([, from, fromPort, to, toPort, number, zone]) => {
    const protocol = protocolOf(number);
    const port = (digits: string | undefined): number | null => (hasPorts(protocol) ? portOf(digits, []) : null);
    return {
      protocol,
      source: endpointOf({ ip: from, port: port(fromPort), zone }, []),
      destination: endpointOf({ ip: to, port: port(toPort) }, []),
    };
  });
}

function verdictOf(
  action: string | null,
  isFlow: boolean,
  change: NormalForm['policyChange'],
  flags: string[],
): Verdict {
  if (change !== null) return change.applied ? 'allow' : 'deny';
  if (!isFlow || (action !== null && decidesNothing(action))) return 'none';
  const known = action === null ? null : verdictOfWord(action);
  if (action !== null && known === null) addFlag(flags, 'unknown_action');
  return known ?? 'unknown';
}

function directionOf(word: string | null): NormalForm['direction'] {
  const way = (word ?? '').toLowerCase();
  if (way === 'incoming' || way === 'inbound') return 'ingress';
  return way === 'outgoing' || way === 'outbound' ? 'egress' : 'unknown';
}

/** Seconds or milliseconds since 1970, RFC 3339, `2026-02-10 10:00:00` or `10Feb2026 10:00:00`. */
function timeOf(text: string | null, wire: Wire): ReadTime | null {
  const epoch = readEpoch(text);
  if (epoch !== null) return { time: epoch, guessed: [] };
  if (text === null) return null;
  return readTimeText(text.trim().replace(/ +/g, ' '), { zone: wire.context.zone, receivedAt: wire.receivedAt });
}

/** What comes in at the client's side goes to the server. */
function trafficOf(value: Value): NormalForm['traffic'] {
  const [sent, received] = [
    value('sent_bytes', 'client_inbound_bytes'),
    value('received_bytes', 'client_outbound_bytes'),
  ];
  if (sent === null && received === null && value('bytes') === null) return null;
  return {
    bytes: unsignedOf(sent),
    packets: unsignedOf(value('client_inbound_packets')),
    replyBytes: unsignedOf(received),
    replyPackets: unsignedOf(value('client_outbound_packets')),
  };
}

function attributesOf(pairs: Pairs): Record<string, JsonValue> {
  const shown = new Set(['src', 'dst', 's_port', 'proto', 'time', '__proto__']);
  return Object.fromEntries(
    [...pairs]
      .filter(([key, text]) => !shown.has(key) && text !== '')
      .slice(0, 100)
      .map(([key, text]) => [key, text.slice(0, 2000)]),
  );
}
