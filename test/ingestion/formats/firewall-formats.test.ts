import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { normaliseRecord } from '../../../src/ingestion/formats/registry.js';
import { NormalForm, type RecordContext } from '../../../src/ingestion/normal-form.js';

const receivedAt = new Date('2026-03-01T00:00:00Z');

function readAll(line: string, context: RecordContext = {}): NormalForm[] {
  const result = normaliseRecord(Buffer.from(line), context, receivedAt);
  assert.ok(result.ok, result.ok ? '' : `${result.reason}: ${result.detail}: ${line}`);
  return result.records.map((record) => NormalForm.parse(record));
}

function read(line: string, context: RecordContext = {}): NormalForm {
  const [first] = readAll(line, context);
  assert.ok(first);
  return first;
}

/** What is told of a record, on one line: format, kind, time, verdict, ends, protocol. */
function tell({ format, kind, eventTime, verdict, source, destination, protocol }: NormalForm): string {
  const end = (side: NormalForm['source']): string => `${side?.ip ?? '?'}:${side?.port ?? '-'}`;
  return `${format} ${kind} ${eventTime ?? '-'} ${verdict} ${end(source)} ${end(destination)} ${protocol?.name ?? '-'}`;
}

function told(line: string, context: RecordContext = {}): string {
  return tell(read(line, context));
}

function assertTold(records: Readonly<Record<string, string>>): void {
  for (const [line, expected] of Object.entries(records)) assert.equal(told(line), expected, line);
}

const panTimes = (type: string): string => `2026/02/10 10:00:00,00700,${type},2561,2026/02/10 09:59:59`;
const panEnds = '192.0.2.7,198.51.100.9,,,to db,,,postgres,vsys1,app,db,e1,e2,fwd,,77,1,40000,5432,0,0,0x0,tcp';
const panTraffic = `${panTimes('TRAFFIC,end')},${panEnds},allow,78,70,8,2,2026/02/10 09:59:00,59,any,,9,0x0,A,B,,1,1,aged-out`;

describe('PAN-OS', () => {
  it('sessions of every type have their ends and verdict, not those of TRAFFIC and THREAT alone', () => {
    const log = (type: string, rest: string): string =>
      `<14>Feb 10 10:00:00 fw1 1,${panTimes(type)},${panEnds},${rest}`;
    const ends = '192.0.2.7:40000 198.51.100.9:5432 tcp';
    assertTold({
      [log('START,start', 'allow,4,1000,0x0')]: `pan-os flow 2026-02-10T09:59:59Z allow ${ends}`,
      [log('END,end', 'deny,4,1000,0x0')]: `pan-os flow 2026-02-10T09:59:59Z deny ${ends}`,
      [log('DECRYPTION,0', 'allow,N/A')]: `pan-os signal 2026-02-10T09:59:59Z allow ${ends}`,
      [log('GTP,0', 'drop,x')]: `pan-os flow 2026-02-10T09:59:59Z deny ${ends}`,
      [log('THREAT,flood', 'random-drop,,x(1),any,high,client-to-server')]:
        `pan-os signal 2026-02-10T09:59:59Z deny ${ends}`,
    });
    // SCTP logs have one column more in front of the protocol.
    const sctp = log('SCTP,0', 'allow,0,0').replace('0x0,tcp,', '0x0,,sctp,');
    assert.equal(told(sctp), `pan-os flow 2026-02-10T09:59:59Z allow 192.0.2.7:40000 198.51.100.9:5432 sctp`);
  });

  it('the high-resolution time is the last of its form, and no time at all where a device without one wrote the epoch', () => {
    const late = `1,${panTraffic},0,0,0,0,,fw1,from-policy,,,2026-02-10T08:00:00.000+01:00,,,2026-02-10T10:59:59.250+01:00,,`;
    assert.equal(read(late).eventTime, '2026-02-10T09:59:59.250Z');
    const none = `1,${panTraffic},0,0,0,0,,fw1,from-policy,,,1970-01-01T01:00:00.000+01:00,,`;
    assert.equal(read(none).eventTime, '2026-02-10T09:59:59Z');
    assert.equal(read(`1,${panTraffic.replace('09:59:59,', '09:59:59.125,')}`).eventTime, '2026-02-10T09:59:59.125Z');
  });

  it('a change is told with what stands there now, also where newer versions put it behind the time', () => {
    const path = ' vsys  vsys1 rulebase nat rules  to-db';
    const change = read(
      `1,${panTimes('CONFIG,0')},192.0.2.1,,edit,ana,Web,Succeeded,${path},77,0x0,0,0,0,0,,fw1,0,,0,2026-02-10T10:59:59.5+01:00,"to-db { action allow; }","to-db { action ""deny""; }"`,
    );
    assert.equal(change.eventTime, '2026-02-10T09:59:59.5Z');
    assert.equal(change.policyChange?.after, 'to-db { action "deny"; }');
    assert.equal(change.policyChange?.resource.kind, 'NatRule');
    assert.equal(change.reporterName, 'fw1');
    const group = read(
      `1,${panTimes('CONFIG,0')},192.0.2.1,,set,ana,Web,Succeeded, vsys  vsys1 address-group  dbs,77,0x0`,
    );
    assert.equal(group.policyChange?.resource.kind, 'AddressGroup');
  });

  it('logs of users and hosts say at which address', () => {
    const portal = `1,${panTimes('GLOBALPROTECT,0')},vsys1,gateway-auth,login,Other,,ana,DE,laptop7,0.0.0.0,2001:db8::7,10.0.0.1,,id,,5,OS,"OS 10, 64",1,,,,failure`;
    const login = read(portal);
    assert.deepEqual(
      [login.kind, login.source?.ip, login.actor?.name, login.verdict],
      ['admin', '2001:db8::7', 'ana', 'none'],
    );
    assert.equal(read(`1,${panTimes('USERID,login')},vsys1,192.0.2.8,ana,dc,0,1,60`).source?.ip, '192.0.2.8');
    assert.equal(
      read(`1,${panTimes('HIPMATCH,0')},ana,vsys1,laptop7,Mac,192.0.2.8,GP,1,object`).source?.ip,
      '192.0.2.8',
    );
  });

  it('what administrators did is read though its columns are others', () => {
    const audit = read('Feb 10 10:00:00 192.0.2.1 00700,2026/02/10 10:00:00,audit,2561,gui-op,ana,"<show/>",failure');
    assert.deepEqual([audit.kind, audit.actor?.name, audit.verdict], ['admin', 'ana', 'deny']);
    assert.equal(audit.eventTime, '2026-02-10T10:00:00Z');
  });

  it('the logging service and HTTP templates give the same as JSON', () => {
    const log =
      '<14>Feb 10 10:00:00 fwd7 logforwarder {"TimeReceived":"2026-02-10T10:00:00.000000Z","TimeGenerated":"2026-02-10T09:59:58.500000Z","LogType":"TRAFFIC","Subtype":"deny","SourceAddress":"192.0.2.7","DestinationAddress":"198.51.100.9","SourcePort":40000,"DestinationPort":"5432","Protocol":"tcp","Action":"drop","Rule":"no-db","BytesSent":7}';
    assert.equal(told(log), 'pan-os flow 2026-02-10T09:59:58.500000Z deny 192.0.2.7:40000 198.51.100.9:5432 tcp');
    assert.equal(read(log).places['verdict'], '/Action');
    assert.equal(read(log).traffic?.bytes, '7');
  });
});

describe('what stands in front of a message', () => {
  const behind = (header: string): NormalForm => read(`${header}1,${panTraffic}`);

  it('a version, a count of messages or octets, a mark of the clock and the day of the week hide no header', () => {
    for (const header of [
      '<14>1 Feb 10 10:00:00 fw7 ',
      '<14> Feb 10 10:00:00 fw7 ',
      '<189>45: *Feb 10 10:00:00.123 UTC: fw7 ',
      '<14>Tue Feb 10 10:00:00 2026 fw7 ',
      '<14>2026 Feb 10 10:00:00 fw7 ',
      '2026-02-10 10:00:00.123 fw7 ',
      '157 <14>1 2026-02-10T10:00:00Z fw7 - - - - ',
      '1 2026-02-10T10:00:00Z fw7 - - - - ',
      '<13>Feb 10 10:00:00 relay <14>Feb 10 10:00:00 fw7 ',
      'Feb 10 10:00:00 relay 4465 <14>1 2026-02-10T10:00:00Z fw7 app - - - ',
      '<14>Feb 10 10:00:00 fw7,788a2056b181,v4.0.66.10832 ',
      '<14>Feb 10 10:00:00 fw7 user.info pan: ',
    ]) {
      const record = behind(header);
      assert.equal(record.reporterName, 'fw7', header);
      assert.equal(record.eventTime, '2026-02-10T09:59:59Z', header);
    }
  });
});
