import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { normaliseRecord } from '../../../src/ingestion/formats/registry.js';
import type { NormalForm, RecordContext } from '../../../src/ingestion/normal-form.js';
import { assertSchema } from './fixtures.js';

const receivedAt = new Date('2026-11-23T00:00:00Z');

function facts(value: unknown, context: RecordContext = {}): readonly NormalForm[] {
  const result = normaliseRecord(Buffer.from(JSON.stringify(value)), context, receivedAt);
  if (!result.ok) assert.fail(`refused: ${result.reason}: ${result.detail}`);
  assertSchema(result);
  return result.records;
}

const shown = ({ format, kind, eventTime, severity, nativeId, summary }: NormalForm): unknown[] => [
  format,
  kind,
  eventTime,
  severity,
  nativeId,
  summary,
];

const alertmanager = {
  version: '4',
  groupKey: '{}:{alertname="Drops"}',
  status: 'firing',
  receiver: 'segproof',
  externalURL: 'http://alerts.example',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'Drops', severity: 'critical', namespace: 'shop' },
      annotations: { summary: '42 drops' },
      startsAt: '2026-11-22T20:16:13.068565607Z',
      endsAt: '0001-01-01T00:00:00Z',
      fingerprint: 'f1',
    },
    {
      status: 'resolved',
      labels: { alertname: 'Quiet', severity: 'warning' },
      annotations: {},
      startsAt: '2026-11-22T20:00:00Z',
      endsAt: '2026-11-22T21:00:00+01:00',
    },
  ],
};

const azure = {
  schemaId: 'azureMonitorCommonAlertSchema',
  data: {
    essentials: {
      alertId: '/subscriptions/s/a1',
      alertRule: 'nsg changed',
      severity: 'Sev1',
      monitorCondition: 'Fired',
      monitoringService: 'Activity Log - Administrative',
      firedDateTime: '2026-11-22T20:16:13.0685656Z',
      alertTargetIDs: ['/subscriptions/s/nsg'],
    },
    alertContext: { caller: 'ann' },
  },
};

const incident = {
  objectSchemaType: 'Incident',
  eventUniqueId: 'e1',
  object: {
    id: '/incidents/1',
    properties: {
      title: 'Lateral movement',
      severity: 'High',
      status: 'New',
      createdTimeUtc: '2026-11-22T20:16:13Z',
      incidentNumber: 7,
    },
  },
  workspaceInfo: { WorkspaceName: 'soc' },
};

const falco = {
  output: 'Notice A shell was spawned',
  priority: 'Notice',
  rule: 'Terminal shell in container',
  source: 'syscall',
  tags: ['container'],
  time: '2026-11-22T20:16:13.068565607Z',
  output_fields: { 'container.id': 'abc' },
  hostname: 'node-1',
};

const splunk = {
  sid: 'scheduler__admin__search__1',
  search_name: 'Denied flows',
  app: 'search',
  owner: 'admin',
  results_link: 'http://splunk/1',
  result: { _time: '1795378573.068', host: 'fw1', severity: 'high', _raw: 'no format we know' },
};

const github = {
  action: 'edited',
  rule: { id: 1, name: 'main', updated_at: '2026-11-22T20:16:13Z' },
  repository: { full_name: 'o/r', pushed_at: '2026-01-01T00:00:00Z' },
  sender: { login: 'ann' },
};

describe('alerts', () => {
  test('of Alertmanager: a signal for each, at the time it began or ended', () => {
    assert.deepEqual(facts(alertmanager).map(shown), [
      ['alertmanager', 'signal', '2026-11-22T20:16:13.068565607Z', 2, null, 'Drops firing: 42 drops'],
      ['alertmanager', 'signal', '2026-11-22T20:00:00Z', 4, null, 'Quiet resolved'],
    ]);
    const [grafana] = facts({ ...alertmanager, orgId: 1, title: 't', state: 'alerting', message: 'm' });
    assert.deepEqual(grafana?.attributes.labels, { alertname: 'Drops', severity: 'critical', namespace: 'shop' });
  });

  test('of Azure Monitor and Sentinel', () => {
    assert.deepEqual(facts(azure).map(shown), [
      ['azure-alert', 'signal', '2026-11-22T20:16:13.0685656Z', 3, '/subscriptions/s/a1/Fired', 'nsg changed fired'],
    ]);
    assert.deepEqual(facts(incident).map(shown), [
      ['azure-alert', 'signal', '2026-11-22T20:16:13Z', 3, 'e1', 'Lateral movement (New)'],
    ]);
  });

  test('of Azure Monitor in its older schemas; one on the Activity Log is read as what it carries', () => {
    const metric = {
      schemaId: 'AzureMonitorMetricAlert',
      data: {
        status: 'Activated',
        context: { timestamp: '2026-11-22T20:16:13.1714014Z', name: 'drops', description: 'too many', severity: '3' },
      },
    };
    assert.deepEqual(facts(metric).map(shown), [
      ['azure-alert', 'signal', '2026-11-22T20:16:13.1714014Z', 6, null, 'drops activated: too many'],
    ]);
    const search = {
      schemaId: 'Microsoft.Insights/LogAlert',
      data: { AlertRuleName: 'denied', Severity: 1, SearchIntervalEndtimeUtc: '11/22/2026 8:16:13 PM' },
    };
    assert.deepEqual(facts(search).map(shown), [
      ['azure-alert', 'signal', '2026-11-22T20:16:13Z', 3, null, 'denied activated'],
    ]);
    const activityLog = {
      caller: 'ann@example.com',
      eventTimestamp: '2026-11-22T20:16:13Z',
      operationName: 'Microsoft.Network/networkSecurityGroups/write',
      resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/web',
      status: 'Succeeded',
    };
    const [change] = facts({ schemaId: 'Microsoft.Insights/activityLogs', data: { context: { activityLog } } });
    assert.deepEqual(
      [change?.format, change?.kind, change?.policyChange?.resource.name, change?.carriers],
      ['azure-activity', 'policy_change', 'web', ['/data/context/activityLog']],
    );
  });

  test('of Falco, with nanoseconds', () => {
    assert.deepEqual(facts(falco).map(shown), [
      ['falco', 'signal', '2026-11-22T20:16:13.068565607Z', 5, null, 'Notice A shell was spawned'],
    ]);
  });

  test('of Splunk; a row that is a record of its own is read as that', () => {
    assert.deepEqual(facts(splunk).map(shown), [
      [
        'splunk-alert',
        'signal',
        '2026-11-22T20:16:13.068Z',
        3,
        splunk.sid,
        'Splunk alert Denied flows: no format we know',
      ],
    ]);
    const raw = JSON.stringify({ flow: { verdict: 'DROPPED', time: '2026-11-20T10:00:00Z' }, node_name: 'n' });
    const [flow] = facts({ ...splunk, result: { _raw: raw } });
    assert.deepEqual([flow?.format, flow?.verdictRaw, flow?.carriers], ['hubble', 'DROPPED', ['/result/_raw']]);
    // A line of syslog that names no year has it from the time beside it.
    const line = 'Nov 22 20:16:13 fw1 kernel: DROP IN=eth0 OUT= SRC=10.0.0.1 DST=10.0.0.2 PROTO=TCP SPT=5 DPT=22';
    const [packet] = facts({ ...splunk, result: { _time: '1795378573', _raw: line } });
    assert.deepEqual([packet?.eventTime, packet?.timeGuessed], ['2026-11-22T20:16:13Z', false]);
  });

  test('of GitHub: who did what, where', () => {
    const [record] = facts(github, { attributes: { 'x-github-event': 'branch_protection_rule' }, nativeId: 'd1' });
    assert.deepEqual(record === undefined ? [] : shown(record), [
      'github',
      'admin',
      '2026-11-22T20:16:13Z',
      null,
      'd1',
      'ann: branch_protection_rule edited main in o/r',
    ]);
    assert.equal(record?.actor?.name, 'ann');
  });
});

test('CloudEvents whose data is no format of its own', () => {
  const event = {
    specversion: '1.0',
    id: '1',
    source: '/s',
    type: 't',
    time: '2026-11-22T20:16:13Z',
    subject: 'x',
    data: { a: 1 },
  };
  const expected = ['cloudevents', 'unknown', '2026-11-22T20:16:13Z', null, '/s 1', 't x from /s'];
  assert.deepEqual(facts(event).map(shown), [expected]);
  const { data, time, ...attributes } = event;
  const binary = facts(data, { times: [time], attributes: { protocol: 'cloudevents', ...attributes } });
  assert.deepEqual(binary.map(shown), [expected]);
});

test('mutated alerts never throw and stay in the schema', () => {
  const samples: readonly object[] = [alertmanager, azure, incident, falco, splunk, github];
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(200), fc.jsonValue()), { maxLength: 4 }),
      (sample, changes) => {
        let at = 0;
        const changed: unknown = JSON.parse(JSON.stringify(sample), (_key, value: unknown) => {
          const change = changes.find(([place]) => place === at++);
          return change === undefined ? value : change[1];
        });
        assertSchema(normaliseRecord(Buffer.from(JSON.stringify(changed) ?? 'null'), {}, receivedAt));
      },
    ),
  );
});
