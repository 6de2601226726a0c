import { describe, it } from 'node:test';
import assert from 'node:assert/strict';

import type { NormalForm } from '../../../src/ingestion/normal-form.js';
import { accepted, factOf, factsOf } from './fixtures.js';

function ends({ source, destination }: NormalForm): string {
  const shown = (end: NormalForm['source']): string => `${end?.ip ?? '-'} ${end?.port ?? '-'}`;
  return `${shown(source)} > ${shown(destination)}`;
}

describe('the text of Istio', () => {
  const time = '[2026-03-01T10:00:00.123Z]';
  const request = '"-" "curl/8.0" "6f1c" "shop:8000"';
  const places = 'inbound|8000|http|shop.svc - 192.0.2.20:80 192.0.2.10:38618 outbound_.8000_._.shop.svc';

  it('has one quoted text more before the bytes since 1.3, and details since 1.6', () => {
    for (const between of ['"-"', '"-" "-"', 'via_upstream - "-"']) {
      const fact = factOf(`${time} "GET /x HTTP/1.1" 418 - ${between} 7 135 5 2 ${request} "127.0.0.1:80" ${places}`);
      assert.equal(ends(fact), '192.0.2.10 38618 > 192.0.2.20 80', between);
      assert.equal(fact.verdict, 'allow');
      assert.equal(fact.direction, 'ingress');
      assert.deepEqual([fact.traffic?.bytes, fact.traffic?.replyBytes], ['7', '135']);
    }
  });

  it('without details is a refusal where the proxy itself answers 403 or 401, and else no decision', () => {
    const verdict = (code: string): string =>
      factOf(`${time} "GET /x HTTP/1.1" ${code} - "-" "-" 0 19 0 - ${request} "-" ${places}`).verdict;
    assert.equal(verdict('403'), 'deny');
    assert.equal(verdict('401'), 'deny');
    assert.equal(verdict('503'), 'error');
    assert.equal(verdict('301'), 'none');
  });

  it('names what refused a connection in the details of its end', () => {
    const denied = 'rbac_access_denied_matched_policy[ns[shop]-policy[db-only]-rule[2]]';
    const fact = factOf(
      `${time} "- - -" 0 - - ${denied} "-" 0 0 0 - "-" "-" "-" "-" "-" inbound|9000|| - 192.0.2.20:9000 192.0.2.10:5555 x -`,
    );
    assert.equal(fact.verdict, 'deny');
    assert.equal(fact.verdictRaw, denied);
    assert.deepEqual(
      fact.policies.map(({ namespace, name, rule }) => [namespace, name, rule]),
      [['shop', 'db-only', '2']],
    );
  });

  it('of what a mesh lets nobody reach is a refusal', () => {
    const fact = factOf(
      `${time} "- - -" 0 UH - - "-" 0 0 0 - "-" "-" "-" "-" "-" BlackHoleCluster - 198.51.100.7:443 192.0.2.10:5555 - -`,
    );
    assert.equal(fact.verdict, 'deny');
    assert.equal(fact.reason, 'BlackHoleCluster');
    assert.equal(fact.direction, 'egress');
    assert.equal(ends(fact), '192.0.2.10 5555 > 198.51.100.7 443');
  });

  it('of a waypoint names upstreams behind an internal listener', () => {
    const fact = factOf(
      `${time} "GET /x HTTP/1.1" 200 - via_upstream - "-" 0 5 1 1 ${request} "envoy://connect_originate/192.0.2.63:8080" outbound|8000||shop.svc - 192.0.2.76:8000 192.0.2.10:5345 - default`,
    );
    assert.equal(ends(fact), '192.0.2.10 5345 > 192.0.2.63 8080');
    assert.equal(fact.verdict, 'allow');
  });
});

const log = {
  start_time: '2026-03-01T10:00:00.123Z',
  response_code: 200,
  response_flags: '-',
  upstream_host: '192.0.2.20:8080',
  upstream_cluster: 'inbound|8080||',
  downstream_remote_address: '192.0.2.10:40000',
  downstream_local_address: '192.0.2.20:8080',
};

describe('a JSON log', () => {
  it('is read whatever it calls its fields', () => {
    for (const [name, given] of Object.entries({
      'of Gateways': { ...log, 'x-envoy-origin-path': '/cart?x=1', ':authority': 'shop.example' },
      'in camel case': {
        startTime: log.start_time,
        responseCode: '200',
        responseFlags: '-',
        upstreamHost: log.upstream_host,
        upstreamCluster: log.upstream_cluster,
        downstreamRemoteAddress: log.downstream_remote_address,
        downstreamLocalAddress: log.downstream_local_address,
        path: '/cart',
        authority: 'shop.example',
      },
      'with halves of addresses': {
        ...log,
        start_time: '1772359200.123',
        downstream_remote_address: undefined,
        downstream_remote_address_without_port: '192.0.2.10',
        downstream_remote_port: 40000,
        path: '/cart',
        host: 'shop.example',
      },
      'with names of its own': {
        ...log,
        response_code: undefined,
        status: 200,
        downstream_remote_address: undefined,
        client_address: '192.0.2.10:40000',
        request_path: '/cart',
        host: 'shop.example',
      },
    })) {
      const fact = accepted(given);
      assert.equal(fact.format, 'envoy', name);
      assert.equal(fact.eventTime, '2026-03-01T10:00:00.123Z', name);
      assert.equal(ends(fact), '192.0.2.10 40000 > 192.0.2.20 8080', name);
      assert.equal(fact.verdict, 'allow', name);
      assert.equal(fact.attributes['path'], '/cart', name);
      assert.deepEqual(fact.destination?.dnsNames, ['shop.example'], name);
    }
  });

  it('of an address that was asked for by number names no host', () => {
    assert.deepEqual(accepted({ ...log, authority: '192.0.2.20:8080' }).destination?.dnsNames, []);
  });

  it('tells what rules on trial would have done beside what was done', () => {
    for (const metadata of [
      { shadow: 'denied', shadow_policy: 'ns[shop]-policy[trial]-rule[1]' },
      { rbac: { shadow_engine_result: 'denied', shadow_effective_policy_id: 'ns[shop]-policy[trial]-rule[1]' } },
      {
        rbac: JSON.stringify({
          istio_dry_run_allow_shadow_engine_result: 'allowed',
          istio_dry_run_deny_shadow_engine_result: 'denied',
          istio_dry_run_deny_shadow_effective_policy_id: 'ns[shop]-policy[trial]-rule[1]',
        }),
      },
    ]) {
      const [done, would, ...rest] = factsOf(JSON.stringify({ ...log, ...metadata }));
      assert.deepEqual([done?.verdict, would?.verdict, rest.length], ['allow', 'would_deny', 0]);
      assert.deepEqual(done?.policies, []);
      assert.deepEqual(
        would?.policies.map(({ namespace, name, rule, staged }) => [namespace, name, rule, staged]),
        [['shop', 'trial', '1', true]],
        JSON.stringify(metadata),
      );
    }
    assert.equal(factsOf(JSON.stringify({ ...log, shadow_engine_result: 'allowed' })).length, 1);
    const denied = factsOf(JSON.stringify({ ...log, response_flags: 'UAEX', shadow_engine_result: 'denied' }));
    assert.deepEqual(
      denied.map(({ verdict }) => verdict),
      ['deny'],
    );
  });

  it('tells by metadata what the filter decided', () => {
    const fact = accepted({
      ...log,
      response_code: 403,
      upstream_host: null,
      rbac: { enforced_engine_result: 'denied', enforced_effective_policy_id: 'lab' },
    });
    assert.equal(fact.verdict, 'deny');
    assert.equal(fact.policies[0]?.name, 'lab');
  });
});

describe('what the access log service is sent', () => {
  const entry = {
    commonProperties: {
      downstreamRemoteAddress: { socketAddress: { address: '192.0.2.10', portValue: 37990 } },
      downstreamLocalAddress: { socketAddress: { address: '2001:db8::20', portValue: 9080 } },
      startTime: '2026-03-01T10:00:00.123Z',
      upstreamRemoteAddress: { socketAddress: { address: '127.0.0.1', portValue: 9080 } },
      upstreamCluster: 'inbound|9080||',
      responseFlags: {},
    },
    protocolVersion: 'HTTP11',
    request: { requestMethod: 'GET', authority: 'shop:9080', path: '/x?y=1' },
    response: { responseCode: 200, responseBodyBytes: '5', responseCodeDetails: 'via_upstream' },
  };

  it('is as many requests as it has entries', () => {
    const refused = {
      ...entry,
      commonProperties: {
        ...entry.commonProperties,
        upstreamRemoteAddress: undefined,
        responseFlags: { unauthorizedDetails: { reason: 'EXTERNAL_SERVICE' } },
      },
      response: { responseCode: 403 },
    };
    const facts = factsOf(JSON.stringify({ identifier: { logName: 'x' }, httpLogs: { logEntry: [entry, refused] } }));
    assert.deepEqual(
      facts.map((fact) => `${fact.verdict} ${ends(fact)} ${fact.direction}`),
      ['allow 192.0.2.10 37990 > 2001:db8::20 9080 ingress', 'deny 192.0.2.10 37990 > 2001:db8::20 9080 ingress'],
    );
    assert.equal(facts[0]?.traffic?.replyBytes, '5');
    assert.equal(facts[0]?.attributes['path'], '/x');
  });

  it('may be of connections, with names as in the proto', () => {
    const fact = accepted({
      tcp_logs: {
        log_entry: [
          {
            common_properties: {
              downstream_remote_address: { socket_address: { address: '192.0.2.10', port_value: 37990 } },
              downstream_local_address: { socket_address: { address: '192.0.2.20', port_value: 3306 } },
              upstream_remote_address: { socket_address: { address: '192.0.2.20', port_value: 3306 } },
              upstream_cluster: 'inbound|3306||',
              start_time: '2026-03-01T10:00:00.123Z',
            },
            connection_properties: { received_bytes: '10', sent_bytes: '20' },
          },
        ],
      },
    });
    assert.equal(fact.verdict, 'allow');
    assert.equal(ends(fact), '192.0.2.10 37990 > 192.0.2.20 3306');
    assert.deepEqual([fact.traffic?.bytes, fact.traffic?.replyBytes], ['10', '20']);
  });
});

describe('a log of a mesh elsewhere', () => {
  it('is read from Cloud Logging', () => {
    const entry = {
      logName: 'projects/shop/logs/server-accesslog-stackdriver',
      timestamp: '2026-03-01T10:00:00.123Z',
      httpRequest: {
        requestMethod: 'GET',
        requestUrl: 'http://db.shop/x?y=1',
        status: 403,
        remoteIp: '192.0.2.10',
        serverIp: '192.0.2.20',
      },
      labels: {
        response_details: 'rbac_access_denied_matched_policy[ns[shop]-policy[db]-rule[0]]',
        response_flag: '-',
        source_principal: 'spiffe://c/ns/shop/sa/web',
      },
      resource: { type: 'k8s_container' },
    };
    const denied = accepted(entry);
    assert.equal(denied.format, 'envoy');
    assert.equal(denied.verdict, 'deny');
    assert.equal(ends(denied), '192.0.2.10 - > 192.0.2.20 -');
    assert.equal(denied.policies[0]?.name, 'db');
    assert.equal(denied.direction, 'ingress');
    const labels = { response_details: 'via_upstream', response_flag: '-' };
    assert.equal(accepted({ ...entry, httpRequest: { ...entry.httpRequest, status: 200 }, labels }).verdict, 'allow');
    const tcp = accepted({
      ...entry,
      httpRequest: undefined,
      labels: { source_ip: '192.0.2.10', source_port: '4000', destination_ip: '192.0.2.20', destination_port: '5432' },
    });
    assert.equal(ends(tcp), '192.0.2.10 4000 > 192.0.2.20 5432');
    assert.equal(tcp.verdict, 'allow');
  });

  it('is read from the attributes of an OpenTelemetry log record', () => {
    const context = { attributes: { protocol: 'otlp', log: { ...log, response_code: 403, response_flags: 'UAEX' } } };
    const fact = factOf('GET /x 403', context);
    assert.equal(fact.verdict, 'deny');
    assert.equal(ends(fact), '192.0.2.10 40000 > 192.0.2.20 8080');
    assert.deepEqual(fact.carriers, ['/attributes']);
  });
});

describe('ztunnel', () => {
  const line = (end: string, direction = 'inbound'): string =>
    `2026-03-01T10:00:00.123456Z\tinfo\taccess\tconnection complete\tsrc.addr=192.0.2.10:46992 src.workload="web-7b5db664c-v7b6x" src.namespace="shop" src.identity="spiffe://c/ns/shop/sa/web" dst.addr=192.0.2.20:15008 dst.hbone_addr=192.0.2.20:9080 dst.service="db.shop.svc" dst.workload="db-0" dst.namespace="shop" direction="${direction}" bytes_sent=7 bytes_recv=5 duration="0ms"${end}`;

  it('tells the ends of a connection, with the port behind the tunnel', () => {
    const fact = factOf(line(''));
    assert.equal(fact.format, 'envoy');
    assert.equal(fact.verdict, 'allow');
    assert.equal(fact.eventTime, '2026-03-01T10:00:00.123456Z');
    assert.equal(ends(fact), '192.0.2.10 46992 > 192.0.2.20 9080');
    assert.equal(fact.source?.workload?.key, 'k8s:shop/web');
    assert.equal(fact.source?.identity, 'spiffe://c/ns/shop/sa/web');
    assert.deepEqual([fact.traffic?.bytes, fact.traffic?.replyBytes], ['5', '7']);
    assert.equal(fact.reporterName, null);
    const waypoint = factOf(line('', 'outbound').replace('dst.hbone_addr=192.0.2.20', 'dst.hbone_addr=192.0.2.99'));
    assert.equal(ends(waypoint), '192.0.2.10 46992 > 192.0.2.20 15008');
    assert.deepEqual([waypoint.direction, waypoint.traffic?.bytes], ['egress', '7']);
  });

  it('denies what its policies reject, and fails otherwise', () => {
    const rejected = 'connection closed due to policy rejection';
    const verdict = (error: string): string => factOf(line(` error="${error}"`)).verdict;
    assert.equal(verdict(`${rejected}: allow policies exist, but none allowed`), 'deny');
    assert.equal(verdict('http status: 401 Unauthorized'), 'deny');
    assert.equal(verdict('io error: deadline has elapsed'), 'error');
    const named = factOf(line(` error="${rejected}: explicitly denied by: shop/no-web"`)).policies[0];
    assert.deepEqual([named?.kind, named?.namespace, named?.name], ['AuthorizationPolicy', 'shop', 'no-web']);
    const strict = factOf(
      line(` error="${rejected}: explicitly denied by: istio-system/istio_converted_static_strict"`),
    );
    assert.equal(strict.policies[0]?.kind, 'PeerAuthentication');
  });

  it('is the same as JSON, and an opened connection decides nothing yet', () => {
    const record = {
      level: 'info',
      time: '2026-03-01T10:00:00.123456Z',
      scope: 'access',
      message: 'connection complete',
      'src.addr': '[2001:db8::10]:4000',
      'dst.addr': '[2001:db8::20]:80',
      direction: 'inbound',
      bytes_sent: 7,
    };
    const fact = accepted(record);
    assert.equal(fact.verdict, 'allow');
    assert.equal(fact.eventTime, '2026-03-01T10:00:00.123456Z');
    assert.equal(ends(fact), '2001:db8::10 4000 > 2001:db8::20 80');
    assert.equal(accepted({ ...record, message: 'connection opened' }).verdict, 'none');
  });
});

describe('the log of the access control filter', () => {
  const line = (told: string): NormalForm =>
    factOf(`2026-03-01T10:00:00.552910Z debug envoy rbac rbac_filter.cc:168 ${told} thread=30`);

  it('tells what was decided, and of rules on trial what would have been', () => {
    const denied = line('enforced denied, matched policy ns[shop]-policy[no-web]-rule[0]');
    assert.equal(denied.verdict, 'deny');
    assert.equal(denied.policies[0]?.name, 'no-web');
    assert.equal(denied.eventTime, '2026-03-01T10:00:00.552910Z');
    assert.equal(line('shadow denied, matched policy none').verdict, 'would_deny');
    assert.equal(line('shadow allowed, matched policy ns[shop]-policy[web]-rule[0]').verdict, 'none');
    assert.equal(line('enforced allowed, matched policy ns[shop]-policy[web]-rule[0]').verdict, 'allow');
  });
});

describe('Linkerd', () => {
  const client = 'web.shop.serviceaccount.identity.linkerd.cluster.local';

  it('logs requests as text and as JSON', () => {
    for (const fact of [
      factOf(`192.0.2.10:51160 ${client} - [2026-03-01T10:00:00.409177224Z] "POST http://db:7000/books HTTP/2.0" 303`),
      accepted({
        'client.addr': '192.0.2.10:51160',
        'client.id': client,
        host: 'db:7000',
        method: 'POST',
        status: 303,
        timestamp: '2026-03-01T10:00:00.409177224Z',
        uri: 'http://db:7000/books?x=1',
      }),
    ]) {
      assert.equal(fact.format, 'envoy');
      assert.equal(fact.eventTime, '2026-03-01T10:00:00.409177224Z');
      assert.equal(ends(fact), '192.0.2.10 51160 > - 7000');
      assert.equal(fact.verdict, 'allow');
      assert.equal(fact.source?.identity, client);
      assert.match(fact.summary, /POST http:\/\/db:7000\/books$/);
    }
    const refused = factOf('192.0.2.10:51160 - - [2026-03-01T10:00:00Z] "GET /x HTTP/1.1" 403');
    assert.equal(refused.verdict, 'unknown');
  });

  it('logs what its policy denied', () => {
    const at = 'inbound:server{port=16686}: linkerd_app_inbound::policy::http:';
    const told = 'server.kind=server server.name=traces client.tls=None(NoClientHello) client.ip=192.0.2.10';
    const text = accepted({
      log: `[  3002.281434s]  INFO ThreadId(01) ${at} Request denied server.group=policy.linkerd.io ${told}\n`,
      time: '2026-03-01T10:00:00.1Z',
    });
    const json = accepted({
      timestamp: '[  3002.281434s]',
      level: 'INFO',
      fields: { message: 'Request denied', 'server.name': 'traces', 'client.ip': '192.0.2.10' },
      target: 'linkerd_app_inbound::policy::http',
      spans: [{ port: 16686, name: 'inbound:server' }],
    });
    for (const fact of [text, json]) {
      assert.equal(fact.verdict, 'deny');
      assert.equal(ends(fact), '192.0.2.10 - > - 16686');
      assert.equal(fact.policies[0]?.name, 'traces');
    }
    assert.equal(text.eventTime, '2026-03-01T10:00:00.1Z');
  });
});
