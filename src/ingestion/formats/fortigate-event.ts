import type { NormalForm } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { attributesOf, type Pairs, reporterOf, severityOf, timesOf, valueOf } from './fortigate-pairs.js';
import { oneLine } from './summary.js';
import { emptyRecord, type FormatAdapter, type Wire } from './wire.js';

type Adapter = Pick<FormatAdapter, 'name' | 'version'>;

/** Configuration changes: `cfgpath`, `cfgobj` and `cfgattr` say what, `action` how. */
export function readChange(pairs: Pairs, wire: Wire, adapter: Adapter): NormalForm {
  const flags: string[] = [];
  const path = pairs.get('cfgpath') ?? '';
  const isPolicy = /policy|address|service|addrgrp|zone|shaping/i.test(path);
  const word = (pairs.get('action') ?? '').toLowerCase();
  const user = valueOf(pairs, 'user');
  const name = pairs.get('cfgobj') ?? null;
  return {
    ...emptyRecord(isPolicy ? 'policy_change' : 'admin', adapter),
    ...chooseTime(timesOf(pairs, wire), wire, flags),
    summary: oneLine(`${user ?? 'unknown user'}: ${pairs.get('action') ?? 'changed'} ${path} ${name ?? ''}`),
    actor: user === null ? null : actorOf(pairs, user),
    verdict: 'allow',
    verdictRaw: pairs.get('status') ?? null,
    reporter: 'control-plane',
    reporterName: reporterOf(pairs, wire),
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

/** What the device tells of itself, its administrators, its users and its tunnels; none of it decides on a connection. */
export function readEvent(pairs: Pairs, wire: Wire, adapter: Adapter): NormalForm {
  const flags: string[] = [];
  const value = (...names: string[]): string | null => valueOf(pairs, ...names);
  const user = value('user');
  const remote = { ip: value('remip'), port: portOf(value('remport'), flags) };
  const local = { ip: value('locip'), port: portOf(value('locport'), flags) };
  const isTunnel = remote.ip !== null || local.ip !== null;
  const [from, to] = value('dir') === 'outbound' ? [local, remote] : [remote, local];
  const source = { ip: value('srcip', 'src'), port: portOf(value('srcport', 'src_port'), flags) };
  const destination = { ip: value('dstip', 'dst'), port: portOf(value('dstport', 'dst_port'), flags) };
  const level = value('level', 'pri');
  return {
    ...emptyRecord(user === null ? 'signal' : 'admin', adapter),
    ...chooseTime(timesOf(pairs, wire), wire, flags),
    summary: oneLine(value('msg', 'logdesc') ?? `FortiGate ${value('type')} ${value('subtype') ?? ''}`),
    source: endpointOf(isTunnel ? from : source, flags),
    destination: endpointOf(isTunnel ? to : destination, flags),
    actor: user === null ? null : actorOf(pairs, user),
    verdictRaw: value('status', 'action'),
    reason: value('reason'),
    reporterName: reporterOf(pairs, wire),
    count: 1,
    severity: severityOf(level),
    severityRaw: level,
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

function actorOf(pairs: Pairs, name: string): NonNullable<NormalForm['actor']> {
  const from = valueOf(pairs, 'ui', 'userfrom');
  // `GUI(10.0.0.7)`, `https(10.0.0.7)`.
  const address = /\(([\d.a-fA-F:]{2,45})\)/.exec(from ?? '')?.[1] ?? valueOf(pairs, 'srcip', 'remip', 'remote_ip');
  return {
    name,
    realName: null,
    groups: [],
    addresses: address === null ? [] : [address],
    userAgent: pairs.get('ui') ?? null,
  };
}
