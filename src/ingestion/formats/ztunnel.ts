import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, kubernetesWorkload, portOf } from './endpoint.js';
import { readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { workloadNameFromPod } from './hubble-endpoint.js';
import { protocolOf } from './ip-protocol.js';
import { readKeyValues } from './key-values.js';
import { addFlag, accept, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/**
 * The access log of Istio's ztunnel, which carries the connections of an ambient mesh and enforces its layer-4 policies:
 * `TIME info access connection complete src.addr=… src.workload="…" … dst.addr=… direction="inbound" … error="…"`, or the same fields as JSON.
 */
export function isZtunnel({ object, text }: Wire): boolean {
  if (object !== null) {
    return typeof object['src.addr'] === 'string' && ('dst.addr' in object || 'direction' in object);
  }
  return text.includes(' src.addr=') || text.includes('\tsrc.addr=');
}

export function readZtunnel(wire: Wire, adapter: Pick<FormatAdapter, 'name' | 'version'>): Normalised {
  const { object, line } = wire;
  // Its time and level look like a syslog header's time and host.
  const at = line.search(/[ \t]src\.addr=/);
  const head = object === null ? line.slice(0, at) : '';
  const pairs = object === null ? readKeyValues(line.slice(at)) : null;
  const value = (name: string): string | null => {
    const given = pairs === null ? object?.[name] : pairs.get(name);
    return typeof given === 'number' ? String(given) : typeof given === 'string' && given !== '' ? given : null;
  };
  const flags: string[] = [];
  const error = value('error');
  const message = value('message') ?? (/connection \w+|(?<=access:? )[\w ]+/.exec(head)?.[0] ?? '').trim();
  const inbound = value('direction') === 'inbound';
  const source = endOf('src', addressOf(value('src.addr')), value, flags);
  const destination = endOf('dst', destinationOf(value), value, flags);
  const { verdict, reason } = judge(error, message);
  const told = {
    verdict,
    source,
    destination,
    protocol: protocolOf('tcp'),
    direction: inbound ? 'ingress' : value('direction') === 'outbound' ? 'egress' : 'unknown',
    isReply: null,
    reason,
  } as const;
  const policy = verdict === 'deny' ? policyIn(error ?? '') : null;
  // What carried the line may have put a time of its own before it.
  const start = value('time') ?? head.match(/\d{4}-\d{2}-\d{2}T[\d:.]{8,20}Z/g)?.at(-1);
  return accept({
    ...emptyRecord('flow', adapter),
    ...told,
    ...chooseTime([readTime(start)], wire, flags),
    summary: flowSummary(told),
    verdictRaw: error ?? (message || null),
    reporter: inbound ? 'dst' : told.direction === 'egress' ? 'src' : 'node',
    reporterName: wire.syslog === null || levels.has(wire.syslog.host ?? '') ? null : wire.syslog.host,
    count: 1,
    traffic: {
      // Received from the client and sent to it where the server's side reports; the other way round at the client's.
      bytes: value(inbound ? 'bytes_recv' : 'bytes_sent'),
      packets: null,
      replyBytes: value(inbound ? 'bytes_sent' : 'bytes_recv'),
      replyPackets: null,
    },
    policies: policy === null ? [] : [policy],
    attributes: Object.fromEntries(
      ['dst.service', 'dst.hbone_addr', 'dst.addr', 'duration', 'error', 'request_id'].flatMap((name) => {
        const kept = value(name);
        return kept === null ? [] : [[name, kept.slice(0, 1000)]];
      }),
    ),
    places: {
      verdict: 'error',
      'source.ip': 'src.addr',
      'destination.ip': 'dst.addr',
    },
    flags,
  });
}

const levels: ReadonlySet<string> = new Set(['', 'error', 'warn', 'info', 'debug', 'trace']);

interface Address {
  readonly ip: string;
  readonly port: string | null;
}

function addressOf(text: string | null): Address | null {
  const found =
    /^\[([0-9a-fA-F:.]{2,45})\](?::(\d{1,5}))?$/.exec(text ?? '') ??
    /^((?:\d{1,3}\.){3}\d{1,3})(?::(\d{1,5}))?$/.exec(text ?? '');
  return found?.[1] === undefined ? null : { ip: found[1], port: found[2] ?? null };
}

/** The port of the tunnel between ztunnels says nothing; the address it leads to has that of the service. */
function destinationOf(value: (name: string) => string | null): Address | null {
  const outer = addressOf(value('dst.addr'));
  const inner = addressOf(value('dst.hbone_addr'));
  return inner !== null && (outer === null || inner.ip === outer.ip) ? inner : outer;
}

function endOf(
  side: 'src' | 'dst',
  address: Address | null,
  value: (name: string) => string | null,
  flags: string[],
): NormalForm['source'] {
  const pod = value(`${side}.workload`);
  const service = side === 'dst' ? value('dst.service') : null;
  if (pod !== null) addFlag(flags, 'workload_from_pod_name');
  return endpointOf(
    {
      ip: address?.ip,
      port: portOf(address?.port, flags),
      instance: pod,
      identity: value(`${side}.identity`),
      workload: pod === null ? null : kubernetesWorkload(value(`${side}.namespace`), workloadNameFromPod(pod)),
      dnsNames: service === null ? [] : [service],
    },
    flags,
  );
}

/** The other side's ztunnel answers 401 to what its policies refuse. */
const refusals = /policy rejection|explicitly denied by|none allowed|http status: 40[13]/;

function judge(error: string | null, message: string): { readonly verdict: Verdict; readonly reason: string | null } {
  if (error !== null) return { verdict: refusals.test(error) ? 'deny' : 'error', reason: error };
  // An opened connection is told about again when it has ended.
  return { verdict: message.includes('opened') ? 'none' : 'allow', reason: null };
}

/** `explicitly denied by: NAMESPACE/NAME`; nothing is named where no policy allowed it. */
function policyIn(error: string): NormalForm['policies'][number] | null {
  const found = /explicitly denied by: ?([a-z0-9.-]{1,253})\/([a-z0-9._-]{1,253})/.exec(error);
  if (found?.[2] === undefined) return null;
  return {
    system: 'istio',
    // What it makes of a mesh that lets no plain text in.
    kind: found[2].startsWith('istio_converted_static_') ? 'PeerAuthentication' : 'AuthorizationPolicy',
    namespace: found[1] ?? null,
    name: found[2],
    tier: null,
    rule: null,
    revision: null,
    effect: 'deny',
    staged: false,
  };
}
