/* The further forms in which records of clusters and meshes come, for the fuzzer to change. */

const json = (...values: readonly object[]): string[] => values.map((value) => JSON.stringify(value));

const address = (ip: string, port: number): object => ({ socketAddress: { address: ip, portValue: port } });

export const kubernetesSeeds = {
  hubble: json(
    {
      ResponseTypes: {
        Flow: {
          time: { seconds: 1_770_717_600, nanos: 5 },
          verdict: 2,
          drop_reason: 133,
          l4: { Protocol: { TCP: { source_port: 4, destination_port: 5 } } },
          l7: { type: 1, Record: { Http: { code: 403, url: '/a?b' } } },
          event_type: { type: 1 },
          traffic_direction: 2,
          is_reply: { value: true },
          aggregate: { ingress_flow_count: 2 },
        },
      },
      node_name: 'n',
      time: { seconds: 1_770_717_600 },
    },
    { flow: { nodeName: 'n', eventType: { type: 5 }, trafficDirection: 'EGRESS', verdict: 'AUDIT', isReply: false } },
    { type: 'POLICY_UPDATED', policy_update: { labels: ['a'], revision: '5' } },
    { source: 'HUBBLE_RING_BUFFER', num_events_lost: '7' },
  ),
  'kubernetes-audit': json(
    {
      AuditId: 'a',
      Verb: 'delete',
      Stage: 'ResponseComplete',
      User: '{"username":"u"}',
      ObjectRef: { resource: 'networkpolicies', apiGroup: 'networking.k8s.io', namespace: 'n', name: 'x' },
      ResponseStatus: { code: 200 },
      StageReceivedTime: '2026-02-10T10:00:00Z',
    },
    {
      auditID: 'r',
      requestURI: '/k8s/clusters/c-1/apis/networking.k8s.io/v1/namespaces/n/networkpolicies/x?a=b',
      user: { name: 'u', group: ['g'] },
      method: 'PUT',
      remoteAddr: '[2001:db8::1]:4',
      responseCode: 200,
      responseTimestamp: '2026-02-10 10:00:00 +0800',
    },
  ),
  'calico-flow': json({
    id: '7',
    flow: {
      Key: {
        sourceName: 'a',
        destName: 'b',
        reporter: 'Src',
        action: 'Allow',
        policies: {
          enforcedPolicies: [{ kind: 'EndOfTier', trigger: { kind: 'NetworkPolicy', name: 'p' }, policyIndex: '1' }],
          pendingPolicies: ['0|t|snp:n/t.p|deny|0', '1|default|n/staged:knp.default.p|allow'],
        },
      },
      startTime: '1770717600',
    },
  }),
  envoy: [
    '2026-02-10T10:00:00.123456Z\terror\taccess\tconnection complete\tsrc.addr=10.0.0.7:4 src.workload="w-1" src.namespace="n" dst.addr=10.0.0.9:15008 dst.hbone_addr=10.0.0.9:5 direction="inbound" bytes_sent=1 error="connection closed due to policy rejection: explicitly denied by: n/p"',
    '10.0.0.7:4 web.shop - [2026-02-10T10:00:00.123456789Z] "POST http://db:7000/a?b HTTP/2.0" 303',
    '[  3.2s]  INFO ThreadId(01) inbound:server{port=5}: linkerd_app_inbound::policy::http: Request denied server.name=s client.tls=None(NoClientHello) client.ip=10.0.0.7',
    '2026-02-10T10:00:00.123456Z debug envoy rbac f.cc:1 shadow denied, matched policy ns[n]-policy[p]-rule[0] thread=3',
    '[2026-02-10T10:00:00.123Z] "GET /a HTTP/1.1" 403 - "-" "-" 0 19 0 - "-" "c" "id" "db" "-" inbound|5|http|db - 10.0.0.9:5 10.0.0.7:4 -',
    ...json(
      {
        httpLogs: {
          logEntry: [
            {
              commonProperties: {
                downstreamRemoteAddress: address('10.0.0.7', 4),
                upstreamRemoteAddress: address('2001:db8::9', 5),
                startTime: '2026-02-10T10:00:00Z',
                responseFlags: { unauthorizedDetails: {} },
                metadata: { filterMetadata: { 'envoy.filters.http.rbac': { shadow_engine_result: 'denied' } } },
              },
              request: { path: '/a' },
              response: { responseCode: 403 },
            },
          ],
        },
      },
      {
        response_code: 200,
        upstream_host: 'envoy://connect_originate/10.0.0.9:5',
        downstream_remote_address: '10.0.0.7:4',
        rbac: '{"istio_dry_run_deny_shadow_engine_result":"denied","istio_dry_run_deny_shadow_effective_policy_id":"ns[a]-policy[b]-rule[1]"}',
      },
      {
        logName: 'projects/p/logs/server-accesslog-stackdriver',
        timestamp: '2026-02-10T10:00:00Z',
        httpRequest: { status: 403, remoteIp: '10.0.0.7', requestUrl: 'http://a/b?c' },
        labels: { response_flag: 'UAEX' },
      },
    ),
  ],
  antrea: [
    '1770717600,1770717700,10.0.0.7,10.0.0.9,4,5,TCP,web-1,shop,n1,db-0,shop,n2,10.1.0.1,5,db,p,shop,r,Drop,K8sNetworkPolicy,q,shop,s,Allow,AntreaNetworkPolicy,e,10.2.0.1,http,{},n',
    '2020/11/02 22:21:21.148395 AntreaPolicyIngressRule AntreaNetworkPolicy:shop/p Allow 61800 SRC: 10.0.0.4 DEST: 10.0.0.5 60 TCP',
  ],
  falco: ['2026-02-10T10:00:00.123456789+0200: Warning Shell in a container (user=root)'],
  github: json(
    { actor: 'a', org: 'o', repo: 'o/r', action: 'protected_branch.create', created_at: 1_770_717_600_123, data: {} },
    {
      number: 1,
      url: 'https://api.github.com/repos/o/r/dependabot/alerts/1',
      created_at: '2026-02-10T10:00:00Z',
      security_advisory: { severity: 'high', summary: 's' },
    },
  ),
} as const;
