import { describe, it } from 'node:test';
import assert from 'node:assert/strict';

import { accepted, factOf } from './fixtures.js';

function told(text: string): string {
  const { eventTime, verdict, direction, source, destination, protocol, policies } = factOf(text);
  const named = policies.map(({ system, kind, namespace, name, rule }) =>
    [system, kind, namespace, name, rule].map((part) => part ?? '-').join(' '),
  );
  return `${eventTime} ${verdict} ${direction} ${source?.ip} ${source?.port ?? '-'} > ${destination?.ip} ${destination?.port ?? '-'} ${protocol?.name} [${named.join(', ')}]`;
}

describe("Antrea's audit lines", () => {
  const at = '2026/03/01 10:00:00.5';
  const time = '2026-03-01T10:00:00.5Z';

  it('had neither ports nor direction at first', () => {
    assert.equal(
      told(
        `${at} AntreaPolicyIngressRule AntreaNetworkPolicy:shop/db Drop 61800 SRC: 192.0.2.4 DEST: 192.0.2.5 60 TCP`,
      ),
      `${time} deny ingress 192.0.2.4 - > 192.0.2.5 - tcp [antrea NetworkPolicy shop db -]`,
    );
  });

  it('name no policy where none allowed the packet', () => {
    assert.equal(
      told(
        `${at} IngressDefaultRule K8sNetworkPolicy <nil> Ingress Drop <nil> shop/db 192.0.2.4 <nil> 192.0.2.5 <nil> ICMP 84 <nil>`,
      ),
      `${time} deny ingress 192.0.2.4 - > 192.0.2.5 - icmp []`,
    );
  });

  it('decide nothing of what they hand to the layer-7 engine', () => {
    assert.equal(
      told(
        `${at} AntreaPolicyIngressRule AntreaClusterNetworkPolicy:web get Ingress Redirect 9 shop/db 192.0.2.4 4000 192.0.2.5 80 TCP 60 <nil>`,
      ),
      `${time} none ingress 192.0.2.4 4000 > 192.0.2.5 80 tcp [antrea ClusterNetworkPolicy - web get]`,
    );
  });

  it('are found behind what carried them', () => {
    const line = `${at} IngressRule K8sNetworkPolicy:shop/db <nil> Ingress Allow 190 shop/db-0 192.0.2.4 4000 192.0.2.5 80 TCP 60 <nil>`;
    for (const before of ['', '2026-03-01T10:00:09.1Z stdout F ', '<134>1 2026-03-01T10:00:09Z node antrea - - - '])
      assert.equal(
        told(before + line),
        `${time} allow ingress 192.0.2.4 4000 > 192.0.2.5 80 tcp [kubernetes NetworkPolicy shop db -]`,
      );
  });
});

describe("flows of Antrea's Flow Aggregator", () => {
  const line = (protocol: string, ingress: string, egress: string): string =>
    `1772359200,1772359212,192.0.2.4,192.0.2.5,44752,5201,${protocol},web-a,shop,node-a,db-0,shop,node-b,198.51.100.10,5202,db,${ingress},${egress},,,http,{},`;
  const of = '2026-03-01T10:00:00Z';
  const ends = '192.0.2.4 44752 > 192.0.2.5 5201 tcp';

  it('are told by numbers or by words', () => {
    const denied = 'wall,shop,no-web';
    const allowed = 'web,shop,out';
    for (const text of [
      line('6', `${denied},2,1`, `${allowed},1,2`),
      line('TCP', `${denied},Drop,K8sNetworkPolicy`, `${allowed},Allow,AntreaNetworkPolicy`),
    ])
      assert.equal(
        told(text),
        `${of} deny unknown ${ends} [kubernetes NetworkPolicy shop wall no-web, antrea NetworkPolicy shop web out]`,
      );
  });

  it('that met no policy were observed', () => {
    assert.equal(told(line('6', ',,,0,0', ',,,0,0')), `${of} none unknown ${ends} []`);
    assert.equal(
      told(line('6', ',,,NoAction,Invalid', 'web,shop,out,Allow,AntreaNetworkPolicy')).split(' ')[1],
      'allow',
    );
  });

  it('are rows of a database too', () => {
    const fact = accepted({
      flowStartSeconds: '2026-03-01 10:00:00',
      flowEndSeconds: '2026-03-01 10:00:12',
      sourceIP: '2001:db8::4',
      destinationIP: '2001:db8::5',
      sourceTransportPort: 44752,
      destinationTransportPort: 5201,
      protocolIdentifier: 17,
      octetTotalCount: '30472817041',
      packetTotalCount: '823188',
      sourcePodName: 'web-6d4b75cb6d-x2k9p',
      sourcePodNamespace: 'shop',
      ingressNetworkPolicyRuleAction: 3,
    });
    assert.equal(fact.format, 'antrea');
    assert.equal(fact.verdict, 'deny');
    assert.equal(fact.protocol?.name, 'udp');
    assert.equal(fact.source?.workload?.key, 'k8s:shop/web');
    assert.deepEqual(fact.interval, { start: '2026-03-01T10:00:00Z', end: '2026-03-01T10:00:12Z' });
    assert.deepEqual([fact.traffic?.bytes, fact.traffic?.packets], ['30472817041', '823188']);
  });
});
