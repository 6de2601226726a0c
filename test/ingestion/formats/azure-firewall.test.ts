import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';

import type { NormalForm } from '../../../src/ingestion/normal-form.js';
import { readFirewallMessage } from '../../../src/ingestion/formats/azure-firewall-message.js';
import { accepted } from './fixtures.js';
import { assertSurvivesMutation } from './mutations.js';

const resourceId = '/SUBSCRIPTIONS/s-1/RESOURCEGROUPS/HUB/PROVIDERS/MICROSOFT.NETWORK/AZUREFIREWALLS/FW-1';

function worded(msg: string, category = 'AzureFirewallNetworkRule'): NormalForm {
  return accepted({
    category,
    operationName: 'x',
    properties: { msg },
    resourceId,
    time: '2026-10-05T09:00:00.8492560Z',
  });
}

function structured(category: string, properties: Readonly<Record<string, unknown>>): NormalForm {
  return accepted({ category, properties, resourceId, time: '2026-10-05T09:00:00.123456+00:00' });
}

function ends({ source, destination }: NormalForm): string {
  return `${source?.ip}:${source?.port} ${destination?.ip ?? destination?.dnsNames[0]}:${destination?.port}`;
}

describe('a decision in words', () => {
  test('of a network rule', () => {
    const denied = worded('TCP request from 10.0.0.2:49680 to 203.0.113.156:1688. Action: Deny. ');
    assert.equal(ends(denied), '10.0.0.2:49680 203.0.113.156:1688');
    assert.deepEqual([denied.verdict, denied.verdictRaw, denied.protocol?.name], ['deny', 'Deny', 'tcp']);
    assert.deepEqual([denied.eventTime, denied.reporterName], ['2026-10-05T09:00:00.8492560Z', 'FW-1']);
    const allowed = worded(
      'UDP request from 10.0.0.2:5 to 10.0.0.3:53. Action: Allow. Policy: p1. Rule Collection Group: g. Rule Collection: c. Rule: r 1',
    );
    assert.deepEqual(allowed.policies[0], {
      system: 'azure',
      kind: 'FirewallPolicy',
      namespace: 's-1/HUB',
      name: 'p1',
      tier: 'g/c',
      rule: 'r 1',
      revision: null,
      effect: 'allow',
      staged: false,
    });
  });

  test('that ends with two full stops is the same decision', () => {
    const denied = worded('ICMP Type=8 request from 10.0.0.4:0 to 10.0.0.5:0. Action: Deny..');
    assert.deepEqual(
      [denied.verdict, denied.verdictRaw, ends(denied)],
      ['deny', 'Deny', '10.0.0.4:null 10.0.0.5:null'],
    );
    const allowed = worded('TCP request from 10.0.0.2:5 to 10.0.0.3:3389. Action: Allow.. Rule Collection: c. Rule: r');
    assert.deepEqual([allowed.verdict, allowed.policies[0]?.rule, allowed.flags], ['allow', 'r', []]);
  });

  test('of detection may call the number of its signature a rule', () => {
    const alert = worded(
      'TCP request from 10.0.0.5:16036 to 10.0.0.10:3389. Action: Alert. Rule: 2032081. IDS: Odd user agent v1.0 (Sun). Priority: 1. Classification: Misc Attack',
    );
    assert.deepEqual(
      [alert.verdict, alert.severity, alert.attributes['signatureId'], alert.attributes['signature'], alert.policies],
      ['none', 2, '2032081', 'Odd user agent v1.0 (Sun)', []],
    );
  });

  test('between addresses of IPv6 finds the ports behind them', () => {
    assert.equal(
      ends(worded('TCP request from 2001:db8::4:50306 to [2001:db8::5]:443. Action: Allow.')),
      '2001:db8::4:50306 2001:db8::5:443',
    );
  });

  test('of ICMP, with and without a type, has no ports', () => {
    const typed = worded('ICMP Type=8 request from 10.0.0.2 to 10.0.0.3. Action: Deny. ');
    assert.equal(ends(typed), '10.0.0.2:null 10.0.0.3:null');
    assert.deepEqual([typed.protocol?.name, typed.attributes['icmp']], ['icmp', 'Type=8']);
    assert.equal(
      ends(
        worded(
          'ICMP request from 10.0.0.2: to 10.0.0.3:. Action: alert. Signature: 1. IDS: PING. Priority: 3. Classification: Misc',
        ),
      ),
      '10.0.0.2:null 10.0.0.3:null',
    );
  });

  test('of an application rule names a host, a URL without its query, or no destination at all', () => {
    const named = worded(
      'HTTPS request from 10.0.2.4:56029 to a.example:443. Action: Deny. No rule matched. Proceeding with default action',
      'AzureFirewallApplicationRule',
    );
    assert.equal(ends(named), '10.0.2.4:56029 a.example:443');
    assert.deepEqual(
      [named.destination?.workload?.key, named.reason],
      ['host:a.example', 'No rule matched. Proceeding with default action'],
    );
    const url = worded(
      'HTTP  request from 10.0.0.1:5 to b.example:80. Url: b.example/x?token=1. Action: Allow. Rule Collection: c. Rule: r',
      'AzureFirewallApplicationRule',
    );
    assert.deepEqual(
      [url.attributes['url'], url.protocol?.name, url.attributes['applicationProtocol']],
      ['b.example/x', 'tcp', 'http'],
    );
    const bare = worded(
      'HTTPS request from 10.0.0.1:6065. Action: Deny. Reason: SNI TLS extension was missing.',
      'AzureFirewallApplicationRule',
    );
    assert.deepEqual([bare.verdict, bare.destination, bare.reason], ['deny', null, 'SNI TLS extension was missing']);
  });

  test('of translation, intrusion detection and threat intelligence', () => {
    const nat = worded("TCP request from 198.51.100.2:50306 to 203.0.113.9:3389 was DNAT'ed to 10.0.0.2:3389");
    assert.deepEqual([nat.verdict, nat.verdictRaw, nat.attributes['translatedTo']], ['allow', 'DNAT', '10.0.0.2:3389']);
    const alert = worded(
      'TCP request from 10.0.0.2:54854 to 10.0.0.9:1521. Action: alert. Signature: 2102649. IDS: SQL overflow. Priority: 1. Classification: Gain',
    );
    assert.deepEqual([alert.verdict, alert.severity, alert.attributes['signatureId']], ['none', 2, '2102649']);
    const dropped = worded(
      'TCP request from 10.0.0.2:5 to 10.0.0.9:443. Action: drop. Signature: 1. IDS: JA3. Priority: 3. Classification: U',
    );
    assert.equal(dropped.verdict, 'deny');
    const threat = worded(
      'HTTP request from 10.0.0.2:5 to bad.example:80. Url: bad.example. Action: Deny. ThreatIntel: Bot Networks',
      'AzureFirewallThreatIntelLog',
    );
    assert.deepEqual([threat.verdict, threat.reason], ['deny', 'Bot Networks']);
  });
});

describe('a structured log', () => {
  test('of a network, application and NAT rule', () => {
    const network = structured('AZFWNetworkRule', {
      Protocol: 'TCP',
      SourceIp: '10.0.0.1',
      SourcePort: 5,
      DestinationIp: '10.0.0.2',
      DestinationPort: 443,
      Action: 'Deny',
      Policy: 'p',
      RuleCollectionGroup: 'g',
      RuleCollection: 'c',
      Rule: 'r',
      ActionReason: 'Default Action',
    });
    assert.deepEqual(
      [ends(network), network.verdict, network.reason],
      ['10.0.0.1:5 10.0.0.2:443', 'deny', 'Default Action'],
    );
    const application = structured('AZFWApplicationRule', {
      Protocol: 'HTTPS',
      SourceIp: '10.0.0.1',
      SourcePort: 5,
      DestinationPort: 443,
      Fqdn: 'c.example',
      Action: 'Allow',
      Policy: 'p',
      Rule: 'r',
      TargetUrl: '',
    });
    assert.deepEqual([ends(application), application.verdict], ['10.0.0.1:5 c.example:443', 'allow']);
    const nat = structured('AZFWNatRule', {
      Protocol: 'TCP',
      SourceIp: '198.51.100.1',
      SourcePort: 5,
      DestinationIp: '203.0.113.1',
      DestinationPort: 3389,
      TranslatedIp: '10.0.0.2',
      TranslatedPort: 3390,
    });
    assert.deepEqual([nat.verdict, nat.attributes['translatedTo']], ['allow', '10.0.0.2:3390']);
  });

  test('of detection is an observation, of names a signal', () => {
    const idps = structured('AZFWIdpsSignature', {
      Protocol: 'TCP',
      SourceIp: '10.0.0.1',
      SourcePort: 5,
      DestinationIp: '10.0.0.2',
      DestinationPort: 80,
      Action: 'Alert',
      SignatureId: '20',
      Severity: '2',
      Description: 'd',
    });
    assert.deepEqual([idps.verdict, idps.severity, idps.severityRaw], ['none', 3, '2']);
    assert.equal(
      structured('AZFWDnsQuery', { SourceIp: '10.0.0.1', SourcePort: 5, QueryName: 'a.example', QueryType: 'A' }).kind,
      'signal',
    );
    const asked = worded(
      'DNS Request: 10.0.2.4:61248 - 6513 A IN w.example. udp 43 false 512 NXDOMAIN qr 145 0.002s',
      'AzureFirewallDnsProxy',
    );
    assert.deepEqual([asked.kind, asked.source?.ip, asked.source?.port], ['signal', '10.0.2.4', 61248]);
    assert.equal(asked.protocol?.name, 'udp');
  });

  test('of traces and of the largest flows is an observation; an aggregated one counts its connections', () => {
    const tuple = { Protocol: 'TCP', SourceIp: '10.0.0.1', DestinationIp: '10.0.0.2', DestinationPort: 80 };
    const trace = structured('AZFWFlowTrace', { ...tuple, SourcePort: 5, Action: 'Log', Flag: 'INVALID' });
    assert.deepEqual(
      [trace.kind, trace.verdict, trace.flags, trace.attributes['flag']],
      ['flow', 'none', [], 'INVALID'],
    );
    const fat = structured('AZFWFatFlow', { ...tuple, SourcePort: 5, FlowRate: 120.5 });
    assert.deepEqual([fat.kind, fat.verdict, ends(fat)], ['flow', 'none', '10.0.0.1:5 10.0.0.2:80']);
    const many = structured('AZFWNetworkRuleAggregation', { ...tuple, Action: 'Allow', NetworkRuleCount: 7 });
    assert.deepEqual([many.verdict, many.count], ['allow', 7]);
  });

  test('as a row of Log Analytics has its columns side by side', () => {
    const row = accepted({
      Type: 'AZFWNetworkRule',
      TimeGenerated: '2026-10-05T09:00:00Z',
      _ResourceId: resourceId,
      Protocol: 'UDP',
      SourceIp: '10.0.0.1',
      SourcePort: 5,
      DestinationIp: '10.0.0.2',
      DestinationPort: 53,
      Action: 'Allow',
    });
    assert.deepEqual(
      [ends(row), row.eventTime, row.verdict],
      ['10.0.0.1:5 10.0.0.2:53', '2026-10-05T09:00:00Z', 'allow'],
    );
  });
});

test('times are UTC in each of the forms in which Azure writes them', () => {
  const times = [
    ['01/09/2007 09:41:00', '2007-01-09T09:41:00Z'],
    ['1/9/2007 9:41:00 PM', '2007-01-09T21:41:00Z'],
    ['1/9/2007 12:41:00 AM', '2007-01-09T00:41:00Z'],
    ['1/9/2007 10:41:00 AM +01:00', '2007-01-09T09:41:00Z'],
    ['2007-01-09T09:41:00', '2007-01-09T09:41:00Z'],
    ['2007-01-09T11:41:00+02:00', '2007-01-09T09:41:00Z'],
    ['2007-01-09T09:41:00.535404056Z', '2007-01-09T09:41:00.535404056Z'],
  ] as const;
  for (const [time, expected] of times) {
    const record = accepted({ time, category: 'AzureFirewallNetworkRule' });
    assert.deepEqual([record.kind, record.eventTime, record.timeGuessed], ['signal', expected, false], time);
  }
  assert.ok(
    accepted({ time: '31/31/2007 09:41:00', category: 'AzureFirewallNetworkRule' }).flags.includes('bad_event_time'),
  );
});

test('any text is read or passed by in linear time', () => {
  fc.assert(
    fc.property(
      fc.string(),
      (text) => void readFirewallMessage(`TCP request from ${text} to ${text}. Action: ${text}`),
    ),
  );
  const hostile = `TCP request from a to b${'. A: '.repeat(3000)}`;
  const started = performance.now();
  readFirewallMessage(hostile);
  assert.ok(performance.now() - started < 1000);
  assertSurvivesMutation([
    {
      category: 'AZFWNatRule',
      properties: { SourceIp: '10.0.0.1', DestinationIp: '10.0.0.2', TranslatedIp: '1.1.1.1', Action: 'Alert' },
      resourceId,
      time: 'x',
    },
  ]);
});
