import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { flowSummary } from './flow-summary.js';
import { readChange, readEvent } from './fortigate-event.js';
import {
  attributesOf,
  isFortigate,
  type Pairs,
  pairsOf,
  reporterOf,
  severityOf,
  timesOf,
  valueOf,
} from './fortigate-pairs.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { unsignedOf } from './json-value.js';
import { verdictOfWord } from './verdict-words.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * FortiGate logs as `key=value` pairs, comma-separated pairs or JSON (Fortinet, "FortiOS Log Message Reference"): traffic,
 * security profiles and events.
 */
export const fortigate: FormatAdapter = { name: 'fortigate', version: 2, detect: isFortigate, normalise };

function normalise(wire: Wire): Normalised {
  const pairs = pairsOf(wire);
  const type = (pairs.get('type') ?? '').toLowerCase();
  if (pairs.has('cfgpath') || pairs.has('cfgobj') || pairs.has('cfgattr'))
    return accept(readChange(pairs, wire, fortigate));
  if (type === 'event') return accept(readEvent(pairs, wire, fortigate));
  if (type === 'traffic' || pairs.has('srcip') || pairs.has('src')) return readSession(pairs, type, wire);
  if (type === '') return refuse('missing_field', 'expected type in a FortiGate log');
  return accept(readEvent(pairs, wire, fortigate));
}

function readSession(pairs: Pairs, type: string, wire: Wire): Normalised {
  const flags: string[] = [];
  const value = (...names: string[]): string | null => valueOf(pairs, ...names);
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
  const action = value('action', 'utmaction', 'status');
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
  const policy = value('policyname', 'poluuid', 'policyid', 'policy_id');
  return accept({
    ...emptyRecord(isTraffic ? 'flow' : 'signal', fortigate),
    ...told,
    ...chooseTime(timesOf(pairs, wire), wire, flags),
    summary: flowSummary({ ...told, reason: null }, isTraffic ? value('service') : `${type} ${value('subtype') ?? ''}`),
    verdictRaw: action,
    reporterName: reporterOf(pairs, wire),
    count: 1,
    traffic: {
      bytes: unsignedOf(value('sentbyte', 'sent')),
      packets: unsignedOf(value('sentpkt', 'sent_pkt')),
      replyBytes: unsignedOf(value('rcvdbyte', 'rcvd')),
      replyPackets: unsignedOf(value('rcvdpkt', 'rcvd_pkt')),
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

/** What security profiles note without deciding anything. */
const observations: ReadonlySet<string> = new Set(['info', 'analytics', 'tagged', 'submission', 'traffic-count']);

function judge(action: string | null, isTraffic: boolean, pairs: Pairs, flags: string[]): Verdict {
  // A sniffer sees copies of what passes elsewhere; whatever it writes, it has let nothing through.
  if (pairs.get('policytype') === 'sniffer' || pairs.get('subtype') === 'sniffer') return 'none';
  if (action === null) return isTraffic ? 'unknown' : 'none';
  if (!isTraffic && observations.has(action.toLowerCase())) return 'none';
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
  const id = pairs.get('policyid') ?? pairs.get('policy_id') ?? null;
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
