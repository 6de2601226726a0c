import { readFileSync } from 'node:fs';
import type { FormatName } from '../../src/ingestion/normal-form.js';
import { splitJson } from '../../src/ingestion/json-spans.js';
import { kubernetesSeeds } from './kubernetes-seeds.js';

/* Records of our own, one or more of each format: what the fuzzer changes. */

const folder = new URL('../../../test/fixtures/formats/', import.meta.url);

function recordsIn(file: string): string[] {
  const body = readFileSync(new URL(file, folder));
  return splitJson(body).map(({ start, end }) => body.toString('utf8', start, end));
}

const json = (...values: readonly object[]): string[] => values.map((value) => JSON.stringify(value));
const kernel = 'IN=eth0 OUT= SRC=10.0.0.7 DST=10.0.0.9 LEN=60 TTL=64 ID=1 DF PROTO=TCP SPT=4 DPT=5 SYN URGP=0';

export const formatSeeds: Readonly<Record<FormatName, readonly string[]>> = {
  hubble: [...recordsIn('hubble.ndjson'), ...kubernetesSeeds.hubble],
  'kubernetes-audit': [...recordsIn('audit-event-list.json'), ...kubernetesSeeds['kubernetes-audit']],
  'calico-flow': [
    ...kubernetesSeeds['calico-flow'],
    'action="deny" dstIP=10.0.0.9 dstPort=5 policy=a tier=default rule=1 ruleDir=in srcIP=10.0.0.7 srcPort=4 proto="6" trafficDir=in',
    ...json(
      {
        start_time: 1_770_717_600,
        end_time: 1_770_717_700,
        source_ip: '10.0.0.7',
        source_name: 'web-1',
        source_name_aggr: 'web-*',
        source_namespace: 'shop',
        source_type: 'wep',
        source_port: 4,
        source_labels: { labels: ['app=web'] },
        dest_ip: '10.0.0.9',
        dest_name_aggr: 'db-*',
        dest_namespace: 'shop',
        dest_type: 'wep',
        dest_port: 5,
        proto: 'tcp',
        action: 'deny',
        reporter: 'dst',
        policies: { all_policies: ['0|default|shop/default.deny|deny|-1'], enforced_policies: ['0|a|b|deny|0'] },
        num_flows: 2,
      },
      {
        Key: {
          source_name: 'web',
          source_namespace: 'shop',
          source_type: 1,
          dest_name: 'db',
          dest_namespace: 'shop',
          dest_type: 1,
          dest_port: 5,
          proto: 'tcp',
          reporter: 2,
          action: 2,
          policies: { enforced_policies: [{ kind: 1, name: 'deny', namespace: 'shop', tier: 'default', action: 2 }] },
        },
        start_time: 1_770_717_600,
        end_time: 1_770_717_700,
        source_labels: ['app=web'],
      },
    ),
  ],
  'aws-vpc-flow': [
    '2 111122223333 eni-0a1b 10.0.1.5 10.0.2.9 49152 5432 6 12 3400 1790000000 1790000060 ACCEPT OK',
    '2 111122223333 eni-0a1b - - - - - - - 1790000000 1790000060 - SKIPDATA',
  ],
  'aws-cloudtrail': json({
    eventVersion: '1.11',
    eventTime: '2026-11-20T10:00:00Z',
    eventSource: 'ec2.amazonaws.com',
    eventName: 'AuthorizeSecurityGroupIngress',
    awsRegion: 'eu-west-1',
    sourceIPAddress: '192.0.2.1',
    userIdentity: { type: 'AssumedRole', arn: 'arn:aws:sts::1:assumed-role/a/b', accountId: '1' },
    requestParameters: {
      groupId: 'sg-1',
      ipPermissions: {
        items: [
          { ipProtocol: 'tcp', fromPort: 1, toPort: 2, ipRanges: { items: [{ cidrIp: '10.0.0.0/8' }] }, groups: {} },
        ],
      },
    },
    responseElements: { _return: true, securityGroupRuleSet: { items: [{ securityGroupRuleId: 'sgr-1' }] } },
    eventID: 'e-1',
    readOnly: false,
    eventType: 'AwsApiCall',
  }),
  'azure-flow': json(
    {
      time: '2026-11-20T10:00:00Z',
      category: 'NetworkSecurityGroupFlowEvent',
      resourceId: '/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/N',
      operationName: 'NetworkSecurityGroupFlowEvents',
      properties: {
        Version: 2,
        flows: [
          {
            rule: 'DefaultRule_Deny',
            flows: [{ mac: '0', flowTuples: ['1790000000,10.0.0.7,10.0.0.9,4,5,T,I,D,B,,,,'] }],
          },
        ],
      },
    },
    {
      time: '2026-11-20T10:00:00Z',
      flowLogVersion: 4,
      category: 'FlowLogFlowEvent',
      targetResourceID: '/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v',
      flowRecords: {
        flows: [
          {
            aclID: 'a',
            flowGroups: [{ rule: 'UserRule_x', flowTuples: ['1790000000123,10.0.0.7,10.0.0.9,4,5,6,I,D,NX,1,2,3,4'] }],
          },
        ],
      },
    },
  ),
  'azure-activity': json({
    time: '2026-11-20T10:00:00.1234567Z',
    resourceId: '/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/N/SECURITYRULES/A',
    operationName: 'MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/SECURITYRULES/WRITE',
    category: 'Administrative',
    resultType: 'Success',
    correlationId: 'c',
    callerIpAddress: '192.0.2.1',
    identity: { claims: { name: 'Ada' } },
    properties: { requestbody: '{"properties":{"access":"Deny","priority":100}}', statusCode: 'OK' },
  }),
  'azure-firewall': json({
    time: '2026-11-20T10:00:00Z',
    category: 'AzureFirewallNetworkRule',
    resourceId: '/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/AZUREFIREWALLS/F',
    operationName: 'AzureFirewallNetworkRuleLog',
    properties: { msg: 'TCP request from 10.0.0.7:4 to 10.0.0.9:5. Action: Deny. ThreatIntel: bad' },
  }),
  'gcp-flow': json({
    insertId: 'i',
    logName: 'projects/p/logs/compute.googleapis.com%2Ffirewall',
    timestamp: '2026-11-20T10:00:00.123456789Z',
    resource: { type: 'gce_subnetwork', labels: { project_id: 'p' } },
    jsonPayload: {
      connection: { src_ip: '10.0.0.7', src_port: 4, dest_ip: '10.0.0.9', dest_port: 5, protocol: 6 },
      disposition: 'DENIED',
      instance: { vm_name: 'db', zone: 'z' },
      rule_details: { reference: 'network:n/firewall:deny', direction: 'INGRESS', action: 'DENY', priority: 10 },
    },
  }),
  'gcp-audit': json({
    insertId: 'i',
    logName: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity',
    timestamp: '2026-11-20T10:00:00.123456Z',
    severity: 'NOTICE',
    resource: { type: 'gce_firewall_rule', labels: {} },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      serviceName: 'compute.googleapis.com',
      methodName: 'v1.compute.firewalls.insert',
      resourceName: 'projects/p/global/firewalls/deny',
      authenticationInfo: { principalEmail: 'ada@example.com' },
      requestMetadata: { callerIp: '192.0.2.1' },
      request: { name: 'deny', denied: [{ IPProtocol: 'tcp' }] },
      status: {},
    },
  }),
  envoy: [
    ...kubernetesSeeds.envoy,
    '[2026-02-10T10:00:00.123Z] "GET /a?b=c HTTP/1.1" 403 - rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[0]] - "-" 0 19 0 - "-" "curl/8" "id" "db.shop" "-" outbound|80||db.shop.svc.cluster.local - 10.0.0.9:80 10.0.0.7:4 - default',
    ...json({
      start_time: '2026-02-10T10:00:00.123Z',
      method: 'GET',
      path: '/a',
      response_code: 403,
      response_flags: 'UAEX',
      response_code_details: 'rbac_access_denied',
      upstream_cluster: 'outbound|80||db',
      downstream_remote_address: '10.0.0.7:4',
      downstream_local_address: '10.0.0.9:80',
      authority: 'db',
      protocol: 'HTTP/1.1',
    }),
  ],
  illumio: [
    'CEF:0|Illumio|PCE|26.2|flow_blocked|n|3|act=blocked src=10.0.0.7 dst=10.0.0.9 dpt=5 proto=tcp cs3={"env":"prod"} msg={"pd_qualifier":0}',
    'LEEF:2.0|Illumio|PCE|26.2|flow_blocked|src=10.0.0.7\tdst=10.0.0.9\tdstPort=5\tproto=tcp\tdir=I\ttbi=1',
    '<14>1 2026-02-10T10:00:00Z pce illumio_pce/collector 1 - [meta sequenceId="7"] sec=591411.996 sev=INFO pid=1 tid=2 rid=3 {"src_ip":"10.0.0.7","dst_ip":"10.0.0.9","dst_port":5,"proto":6,"dir":"I","count":2,"interval_sec":600,"state":"T","pd":1,"pd_qualifier":0,"timestamp":"2026-02-10T10:00:00+01:00","src_labels":{"env":"prod"},"pce_fqdn":"pce","version":4}',
    ...json({
      href: '/orgs/1/events/a',
      timestamp: '2026-02-10T10:00:00Z',
      pce_fqdn: 'pce',
      created_by: { user: { username: 'ada' } },
      event_type: 'rule_set.update',
      status: 'success',
      severity: 'info',
      action: { uuid: 'u', src_ip: 'FILTERED' },
      resource_changes: [
        {
          uuid: 'r',
          resource: { rule_set: { href: '/a', name: 'web' } },
          changes: { enabled: { before: true, after: false } },
          change_type: 'update',
        },
      ],
      notifications: [],
      version: 2,
    }),
  ],
  guardicore: [
    '<14>2026-02-22T17:17Z centra CEF:0|Guardicore|Centra|51|Network Log|Network Log|None|start=Feb 22 2026 17:16:05 UTC src=10.0.0.7 spt=40000 dst=10.0.0.9 dpt=5432 proto=TCP act=Blocked by source cs6Label=connection_verdict cs6=blocked cs7Label=policy_rule cs7=r',
  ],
  cef: [
    'CEF:1|Own|Wall\\|x|1|7|n|High|rt=1771402491123 src=10.0.0.7 dst=10.0.0.9 spt=8 dpt=0 proto=1 act=Allow msg=a\\=b c cs1=x cs1Label=Rule',
    '<14>Feb 18 11:07:53 h CEF:0|Fortinet|Fortigate|v7|00013|traffic:forward close|3|FTNTFGTeventtime=1771402491000000001 src=10.0.0.7 spt=4 dst=10.0.0.9 dpt=5 proto=6 act=close FTNTFGTpolicyid=7',
  ],
  leef: [
    '<13>Feb 18 11:07:53 10.1.1.1 LEEF:2.0|Own|Wall|1|Deny|0x5E|src=10.0.0.7^dst=10.0.0.9^srcPort=4^dstPort=5^proto=UDP^devTime=1771402491000',
    'LEEF:1.0|Palo Alto Networks|PAN-OS Syslog Integration|8.1|allow|cat=TRAFFIC|devTime=Feb 03 2026 14:54:59 GMT|src=10.0.0.7|dst=10.0.0.9|srcPort=4|dstPort=5|proto=tcp|action=allow|RuleName=r',
  ],
  'pan-os': [
    '<14>Feb 10 10:00:00 fw 1,2026/02/10 10:00:00,007,TRAFFIC,drop,2561,2026/02/10 10:00:00,10.0.0.7,10.0.0.9,,,"web, to ""db""",,,postgres,vsys1,app,db,e1,e2,fwd,,77,3,40000,5432,0,0,0x0,tcp,deny,78,78,0,1,2026/02/10 09:59:59,0,any,0,0,0x0,a,b,0,1,0',
    '<14>Feb 10 10:00:00 fw 1,2026/02/10 10:00:00,007,CONFIG,0,2561,2026/02/10 10:00:00,192.0.2.1,,set,ada,Web,Succeeded,vsys vsys1 rulebase security rules web,1,0x0',
  ],
  fortigate: [
    '<189>date=2026-02-10 time=11:00:00 devname="f" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" eventtime=1771402491000000001 tz="+0100" srcip=10.0.0.7 srcport=4 dstip=10.0.0.9 dstport=5 proto=17 action="deny" policyid=0 msg="a \\"b\\" c"',
  ],
  'check-point': [
    '<134>1 2026-02-25T08:14:51Z fw CheckPoint 1 - [action:"Detect"; loguid:"{0x1}"; proto:"6"; s_port:"4"; service:"5"; src:"10.0.0.7"; dst:"10.0.0.9"; time:"1771402491"]',
    '<13>1 2026-02-25T08:14:51Z fw CheckPoint 1 - - time=1771402491|product=Firewall|action=Drop|loguid={0x1}|protocol=a b|proto=17|s_port=4|service=5|src=10.0.0.7|dst=10.0.0.9',
  ],
  iptables: [
    `Feb 10 10:00:00 h kernel: [  123.456789] [UFW BLOCK] ${kernel}`,
    'Feb 10 10:00:00 h kernel: [WAN_LOCAL-default-D]IN=eth0 OUT= SRC=10.0.0.7 DST=10.0.0.9 PROTO=ICMP TYPE=3 CODE=1 [SRC=10.9.9.9 DST=10.8.8.8 PROTO=TCP SPT=1 DPT=2 ]',
  ],
  nsx: [
    '<134>1 2026-02-10T10:00:00.123Z esx FIREWALL-PKTLOG - - - abcd1234 INET match DROP domain-c7/1001 IN 60 TCP 10.0.0.7/4->10.0.0.9/5 S',
    '2026-02-10T10:00:00.123Z esx FIREWALL-PKTLOG: abcd1234 INET6 match PASS 1001 OUT 60 PROTO 58 fd00::7->fd00::9',
  ],
  'ovn-acl': [
    '2026-02-10T10:00:00.5Z|00162|acl_log(ovn_pinctrl0)|INFO|name="NP:shop:db:Ingress:0", verdict=reject, severity=info, direction=to-lport: tcp6,ipv6_src=fd00::7,ipv6_dst=fd00::9,tp_src=4,tp_dst=5',
  ],
  antrea: [
    ...kubernetesSeeds.antrea,
    '2026/02/10 10:00:00.123456 AntreaPolicyIngressRule AntreaNetworkPolicy:shop/deny-all rule Drop 44900 10.0.0.7 4 10.0.0.9 5 TCP 60 [3 packets in 1.01s]',
    '2026/02/10 10:00:00.123456 IngressDefaultRule K8sNetworkPolicy <nil> Drop <nil> 10.0.0.7 4 10.0.0.9 5 TCP 60 <nil>',
  ],
  zeek: [
    '#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tconn_state',
    ...json({
      _path: 'conn',
      ts: 1_770_717_600.5,
      uid: 'C1',
      'id.orig_h': '10.0.0.7',
      'id.orig_p': 4,
      'id.resp_h': '10.0.0.9',
      'id.resp_p': 5,
      proto: 'tcp',
      conn_state: 'SF',
      duration: 0.5,
      orig_bytes: 7,
    }),
  ],
  suricata: [
    '{"timestamp":"2026-02-10T11:00:00.123456+0100","flow_id":18446744073709551615,"event_type":"flow","src_ip":"10.0.0.7","src_port":4,"dest_ip":"10.0.0.9","dest_port":5,"proto":"TCP","flow":{"bytes_toserver":18446744073709551615,"pkts_toserver":1}}',
    '{"timestamp":"2026-02-10T11:00:00.123456+0100","flow_id":1,"event_type":"alert","src_ip":"10.0.0.7","dest_ip":"10.0.0.9","proto":"TCP","alert":{"action":"blocked","signature_id":1,"severity":1,"signature":"x"}}',
  ],
  ocsf: json({
    class_uid: 4001,
    category_uid: 4,
    activity_id: 6,
    type_uid: 400_106,
    severity_id: 1,
    time: 1_770_717_600_123,
    metadata: { version: '1.8.0', product: { name: 'x', vendor_name: 'y' }, uid: 'u' },
    src_endpoint: { ip: '10.0.0.7', port: 4 },
    dst_endpoint: { ip: '10.0.0.9', port: 5 },
    connection_info: { direction_id: 1, protocol_num: 6 },
    action_id: 2,
    disposition_id: 2,
    firewall_rule: { uid: 'r', name: 'deny' },
  }),
  ecs: json({
    '@timestamp': '2026-02-10T10:00:00.123Z',
    ecs: { version: '9.0.0' },
    event: { kind: 'event', category: ['network'], type: ['connection', 'denied'], action: 'deny', id: 'e' },
    source: { ip: '10.0.0.7', port: 4 },
    destination: { ip: '10.0.0.9', port: 5 },
    network: { transport: 'tcp', iana_number: '6', direction: 'ingress' },
    observer: { vendor: 'x', product: 'y', name: 'z' },
    rule: { id: '1', name: 'deny' },
  }),
  alertmanager: json({
    version: '4',
    groupKey: '{}:{}',
    status: 'firing',
    receiver: 'r',
    groupLabels: {},
    commonLabels: { alertname: 'a', severity: 'critical' },
    commonAnnotations: { summary: 's' },
    externalURL: 'http://x',
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'a' },
        annotations: {},
        startsAt: '2026-02-10T10:00:00Z',
        endsAt: '0001-01-01T00:00:00Z',
        fingerprint: 'f',
      },
    ],
  }),
  'azure-alert': json({
    schemaId: 'azureMonitorCommonAlertSchema',
    data: {
      essentials: {
        alertId: '/a',
        alertRule: 'r',
        severity: 'Sev2',
        monitorCondition: 'Fired',
        firedDateTime: '2026-02-10T10:00:00Z',
        alertTargetIDs: ['/x'],
        essentialsVersion: '1.0',
      },
      alertContext: {},
    },
  }),
  'splunk-alert': json({
    result: { src: '10.0.0.7', _time: '1770717600' },
    sid: 'scheduler__a_1',
    results_link: 'http://x',
    search_name: 's',
    owner: 'o',
    app: 'a',
  }),
  'elastic-alert': json({
    kibana_alert: {
      rule: { id: 'r', name: 'n', type: 't' },
      alert: { id: 'a', actionGroup: 'x' },
      date: '2026-02-10T10:00:00.123Z',
      severity: 'high',
      reason: 'why',
      context: { a: 1 },
    },
  }),
  falco: [
    ...kubernetesSeeds.falco,
    ...json({
      output: 'x',
      priority: 'Warning',
      rule: 'r',
      source: 'syscall',
      tags: ['network'],
      time: '2026-02-10T10:00:00.123456789Z',
      output_fields: { 'fd.name': 'a' },
      hostname: 'h',
    }),
  ],
  github: [
    ...kubernetesSeeds.github,
    ...json({
      action: 'closed',
      pull_request: { number: 1, merged: true, title: 't', html_url: 'https://x', merged_at: '2026-02-10T10:00:00Z' },
      repository: { full_name: 'a/b' },
      sender: { login: 'ada' },
    }),
  ],
  'aws-sns': json(
    {
      Type: 'SubscriptionConfirmation',
      MessageId: 'm',
      Token: 't',
      TopicArn: 'arn:aws:sns:eu-west-1:1:t',
      Message: 'You have chosen to subscribe',
      SubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=x',
      Timestamp: '2026-02-10T10:00:00.123Z',
      SignatureVersion: '1',
    },
    {
      Type: 'Notification',
      MessageId: 'm',
      TopicArn: 'arn:aws:sns:eu-west-1:1:t',
      Subject: 's',
      Message: 'hello',
      Timestamp: '2026-02-10T10:00:00.123Z',
    },
  ),
  cloudevents: json({
    specversion: '1.0',
    id: '1',
    source: '/a',
    type: 'x.y',
    time: '2026-02-10T10:00:00Z',
    data: { a: 1 },
  }),
  otlp: json({
    timeUnixNano: '1770717600123456789',
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: 'x' },
    attributes: [{ key: 'a', value: { intValue: '1' } }],
  }),
};
