import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Clock, systemActor } from '../../src/context.js';
import { SyslogListener } from '../../src/ingestion/protocols/syslog-listener.js';
import { SourceSecrets } from '../../src/ingestion/source-secrets.js';
import { capture, replay, storedOf } from '../ingestion/protocols/sending.js';
import { startTestService, type TestService } from '../support/service.js';

/*
 * Every request that was recorded from an unmodified client, sent again byte for byte: as many records as it holds, of these kinds, and no more
 * however often it comes, one after another or at once. Needs ../shared/samples/wire-captures beside the project.
 */

const folder = resolve(import.meta.dirname, '../../..', '../shared/samples/wire-captures');
const skip = existsSync(folder) ? false : 'needs ../shared/samples/wire-captures beside the project';

interface Expected {
  readonly kinds: Readonly<Record<string, number>>;
  /** Where it goes, with the name of the source put in place of `SOURCE`; without it, where it went. */
  readonly path?: string;
  /** How the token is sent; without it, the request is signed. */
  readonly token?: (token: string) => string;
}

const bearer = (token: string): string => `Bearer ${token}`;
const splunk = (token: string): string => `Splunk ${token}`;

const requests: Readonly<Record<string, Expected>> = {
  'alertmanager-webhook.http': { kinds: { signal: 1 }, path: '/hooks/SOURCE', token: bearer },
  'cloudevents-binary.http': { kinds: { flow: 1 }, token: bearer },
  'es-bulk.http': { kinds: { flow: 10 }, token: (token) => `ApiKey ${Buffer.from(`id:${token}`).toString('base64')}` },
  'fluentbit-http-json.http': { kinds: { flow: 30 }, path: '/ingest/v1/SOURCE', token: bearer },
  // Fluent Bit had read its file of ten flows three times.
  'hec-fluentbit-gzip.http': { kinds: { flow: 30 }, token: splunk },
  'hec-splunk-logging.http': { kinds: { flow: 10 }, token: splunk },
  'otlp-logs-json.http': { kinds: { flow: 10 }, token: bearer },
  'otlp-logs-proto-gzip.http': { kinds: { flow: 10 }, token: bearer },
  'syslogng-http-ndjson.http': { kinds: { flow: 10 }, path: '/ingest/v1/SOURCE', token: bearer },
  'webhook-github.http': { kinds: { admin: 1 }, path: '/hooks/SOURCE' },
  // Its body says `test` and nothing else: no format, so it is kept as rejected.
  'webhook-standard.http': { kinds: { rejected: 1 }, path: '/hooks/SOURCE' },
};
const datagrams = 'syslog-udp-rfc3164-rfc5424.bin';

/** The time at which the signed ones were recorded. */
class StoppedClock extends Clock {
  override now(): Date {
    return new Date('2026-11-22T20:00:30Z');
  }
}

describe('recorded requests', { skip }, () => {
  let service: TestService;

  before(async () => {
    service = await startTestService({
      clock: new StoppedClock(),
      env: { SYSLOG_SOURCE: 'syslog', SYSLOG_HOST: '127.0.0.1', SYSLOG_UDP_PORT: '0' },
    });
  });

  after(async () => await service.stop());

  const kindsOf = async (source: string): Promise<Record<string, number>> => {
    const kinds: Record<string, number> = {};
    for (const { kind } of await storedOf(service, source)) kinds[kind] = (kinds[kind] ?? 0) + 1;
    return kinds;
  };

  test('are all known here', () => {
    const found = readdirSync(folder).filter((name) => name !== 'README.md');
    assert.deepEqual(found.toSorted(), [...Object.keys(requests), datagrams].toSorted());
  });

  for (const [file, { kinds, path, token }] of Object.entries(requests)) {
    test(`${file}: ${JSON.stringify(kinds)}, however often it comes`, async () => {
      const source = await service.newSource();
      const secrets = service.app.get(SourceSecrets);
      const standard = `whsec_${Buffer.from('standard-webhooks-test-secret-32').toString('base64')}`;
      await secrets.add(systemActor, source.name, { scheme: 'standard-webhooks', secret: standard });
      await secrets.add(systemActor, source.name, { scheme: 'github', secret: "It's a Secret to Everybody" });
      const change = {
        ...(path === undefined ? {} : { path: path.replace('SOURCE', source.name) }),
        ...(token === undefined ? {} : { authorization: token(source.token) }),
      };
      const send = async (): Promise<void> => {
        const { status, body } = await replay(service.url, capture(file), change);
        assert.equal(status, 200, body);
      };
      await send();
      assert.deepEqual(await kindsOf(source.name), kinds);
      await send();
      await Promise.all(Array.from({ length: 8 }, send));
      assert.deepEqual(await kindsOf(source.name), kinds, 'sent ten times');
    });
  }

  test(`${datagrams}: two messages`, async () => {
    await service.newSource({ name: 'syslog' });
    const port = service.app.get(SyslogListener).port('udp') ?? 0;
    const texts = capture(datagrams)
      .toString('latin1')
      .split('\n--datagram--\n')
      .filter((text) => text.trim() !== '');
    for (const text of texts) {
      const socket = createSocket('udp4');
      socket.send(Buffer.from(text, 'latin1'), port, '127.0.0.1', () => socket.close());
      await once(socket, 'close');
    }
    const deadline = Date.now() + 10_000;
    while ((await storedOf(service, 'syslog')).length < 2 && Date.now() < deadline) await sleep(25);
    assert.equal((await storedOf(service, 'syslog')).length, 2);
  });
});
