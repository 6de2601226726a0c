import { sign as githubSignature } from '@octokit/webhooks-methods';
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { z } from 'zod';
import { Clock, systemActor } from '../../../src/context.js';
import { type NewSecret, SourceSecrets } from '../../../src/ingestion/source-secrets.js';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { verifyWebhook } from '../../../src/ingestion/webhook-signatures.js';
import { Api, problemOf } from '../../journeys/api.js';
import { startTestService, type TestService } from '../../support/service.js';
import { capture, flow, replay, storedOf, withoutCaptures } from './sending.js';

const Counts = z.object({ received: z.number(), appended: z.number(), duplicate: z.number(), rejected: z.number() });

/** The time of the captured request of Standard Webhooks. */
const now = new Date('2026-11-22T20:00:30Z');
const seconds = String(Math.floor(now.getTime() / 1000));

class StoppedClock extends Clock {
  override now(): Date {
    return now;
  }
}

let service: TestService;
let source: IssuedToken;

before(async () => {
  service = await startTestService({ clock: new StoppedClock() });
  source = await service.newSource({ name: 'hooks' });
});

after(() => service.stop());

async function secretOf(name: string, secret: NewSecret): Promise<string> {
  return (await service.app.get(SourceSecrets).add(systemActor, name, secret)).id;
}

async function post(body: string, headers: Record<string, string>, name = source.name): Promise<Response> {
  return await fetch(`${service.url}/hooks/${name}`, { method: 'POST', headers, body });
}

async function counts(response: Response): Promise<unknown> {
  assert.equal(response.status, 200, await response.clone().text());
  return Counts.strip().parse(await response.json());
}

const once = { received: 1, appended: 1, duplicate: 0, rejected: 0 };
const again = { received: 1, appended: 0, duplicate: 1, rejected: 0 };

describe('signed webhooks', () => {
  test('of Standard Webhooks and Svix, with a secret that is being replaced', async () => {
    const old = `whsec_${Buffer.from('an old secret of 24 bytes').toString('base64')}`;
    const fresh = `whsec_${Buffer.from('a new secret of 24 bytes.').toString('base64')}`;
    const id = await secretOf(source.name, { scheme: 'standard-webhooks', secret: old });
    await secretOf(source.name, { scheme: 'standard-webhooks', secret: fresh });
    for (const [number, secret] of [old, fresh].entries()) {
      const body = flow();
      const headers = {
        'webhook-id': `msg_${number}`,
        'webhook-timestamp': seconds,
        'webhook-signature': `v1,AAAA ${new Webhook(secret).sign(`msg_${number}`, now, body)}`,
      };
      assert.deepEqual(await counts(await post(body, headers)), once);
      assert.deepEqual(await counts(await post(body, headers)), again, 'a replay adds nothing');
    }
    const body = flow();
    const svix = {
      'svix-id': 's1',
      'svix-timestamp': seconds,
      'svix-signature': new SvixWebhook(fresh).sign('s1', now, body),
    };
    assert.deepEqual(await counts(await post(body, svix)), once);
    await service.app.get(SourceSecrets).revoke(systemActor, source.name, id);
    const late = {
      'svix-id': 's2',
      'svix-timestamp': seconds,
      'svix-signature': new SvixWebhook(old).sign('s2', now, body),
    };
    assert.equal((await post(body, late)).status, 401, 'a revoked secret');
  });

  test('of GitHub, whose event stands in a header', async () => {
    const { name } = await service.newSource();
    await secretOf(name, { scheme: 'github', secret: "It's a Secret to Everybody" });
    const body = JSON.stringify({
      action: 'created',
      sender: { login: 'ann' },
      repository: { full_name: 'o/r' },
      zen: 'x',
    });
    const headers = {
      'x-github-event': 'ping',
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-hub-signature-256': await githubSignature("It's a Secret to Everybody", body),
    };
    assert.deepEqual(await counts(await post(body, headers, name)), once);
    assert.deepEqual(await counts(await post(body, headers, name)), again);
    const [stored] = await storedOf(service, name);
    assert.deepEqual(stored, {
      kind: 'admin',
      source: name,
      raw: body,
      context: {
        nativeId: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        attributes: { signature: 'github', 'x-github-event': 'ping' },
      },
    });
    assert.equal((await post(`${body} `, headers, name)).status, 401, 'one byte more');
  });

  test('of Slack, PagerDuty and Stripe', async () => {
    const hex = (text: string): string => createHmac('sha256', 'a shared secret').update(text).digest('hex');
    for (const scheme of ['slack', 'pagerduty', 'stripe'] as const)
      await secretOf(source.name, { scheme, secret: 'a shared secret' });
    const challenge = '{"type":"url_verification","challenge":"3eZbrw1aB"}';
    const slack = (body: string, at = seconds): Record<string, string> => ({
      'x-slack-signature': `v0=${hex(`v0:${at}:${body}`)}`,
      'x-slack-request-timestamp': at,
    });
    const answer = await post(challenge, slack(challenge));
    assert.deepEqual([answer.status, await answer.text()], [200, '3eZbrw1aB']);
    const body = flow();
    assert.deepEqual(await counts(await post(body, slack(body))), once);
    const old = String(Number(seconds) - 301);
    assert.equal((await post(body, slack(body, old))).status, 401);
    assert.equal((await post(body, slack(body, String(Number(seconds) + 299)))).status, 200);
    const pager = flow();
    assert.deepEqual(await counts(await post(pager, { 'x-pagerduty-signature': `v1=00,v1=${hex(pager)}` })), once);
    const stripe = flow();
    const signature = `t=${seconds},v1=${hex(`${seconds}.${stripe}`)},v0=0`;
    assert.deepEqual(await counts(await post(stripe, { 'stripe-signature': signature })), once);
  });

  test('are refused where nothing fits, and nothing is kept', async () => {
    const before = (await storedOf(service, source.name)).length;
    assert.equal((await post(flow(), {})).status, 401);
    assert.equal((await post(flow(), { 'x-hub-signature-256': 'sha256=00' })).status, 401);
    assert.equal((await post(flow(), { 'x-hub-signature-256': 'sha256=00' }, 'nobody')).status, 401);
    assert.equal((await storedOf(service, source.name)).length, before);
  });

  test('the example of the specification of Standard Webhooks verifies', () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const secrets = [{ scheme: 'standard-webhooks', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }] as const;
    const at = new Date(1_614_265_330_000);
    assert.deepEqual(verifyWebhook(headers, Buffer.from('{"test": 2432232314}'), secrets, at), {
      ok: true,
      scheme: 'standard-webhooks',
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    });
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const signature = sign(null, Buffer.from('m.1614265330.{}'), privateKey).toString('base64');
    const asymmetric = {
      'webhook-id': 'm',
      'webhook-timestamp': '1614265330',
      'webhook-signature': `v1a,${signature}`,
    };
    const own = [{ scheme: 'standard-webhooks', secret: `whpk_${raw.toString('base64')}` }] as const;
    assert.equal(verifyWebhook(asymmetric, Buffer.from('{}'), own, at).ok, true);
    assert.equal(verifyWebhook(asymmetric, Buffer.from('{} '), own, at).ok, false);
  });
});

test('secrets are set over the API, and are in no answer and not in the database', async () => {
  const operator = new Api(service.url, (await service.signedIn('admin')).token);
  const { name } = await service.newSource();
  const path = `/api/v1/sources/${name}/secrets`;
  const added = await operator.send('POST', path, { scheme: 'github', secret: 'seeded-secret-value' });
  assert.equal(added.status, 201, added.text);
  const listed = await operator.send('GET', path);
  const { secrets } = z
    .object({ secrets: z.array(z.object({ id: z.string(), scheme: z.string() })) })
    .parse(JSON.parse(listed.text));
  assert.equal(secrets.length, 1);
  assert.doesNotMatch(added.text + listed.text, /seeded/);
  const rows = await service.ground.database.query<{ sealed: Buffer }>('SELECT sealed FROM source_secret');
  assert.ok(rows.every(({ sealed }) => !sealed.includes('seeded')));
  assert.equal((await operator.send('DELETE', `${path}/${secrets[0]?.id}`)).status, 204);
  assert.equal((await operator.send('DELETE', `${path}/${secrets[0]?.id}`)).status, 404);
  const wrong = await operator.send('POST', path, { scheme: 'standard-webhooks', secret: 'not base64!' });
  assert.equal(problemOf(wrong).status, 400);
});

test('alerts come with the token of the source; each is a signal', async () => {
  const alert = (name: string): object => ({
    status: 'firing',
    labels: { alertname: name, severity: 'critical' },
    annotations: { summary: 'drops' },
    startsAt: '2026-11-22T20:16:13.068565607Z',
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint: name,
  });
  const body = JSON.stringify({
    version: '4',
    status: 'firing',
    receiver: 'r',
    groupKey: 'k',
    alerts: [alert('a'), alert('b')],
  });
  for (const authorization of [
    `Bearer ${source.token}`,
    `Basic ${Buffer.from(`x:${source.token}`).toString('base64')}`,
  ]) {
    assert.equal((await post(body, { authorization })).status, 200);
  }
  assert.equal((await storedOf(service, source.name)).at(-1)?.kind, 'signal');
  assert.equal((await post(body, { authorization: 'Bearer x' })).status, 401);
  const other = await service.newSource();
  assert.equal((await post(body, { authorization: `Bearer ${other.token}` })).status, 403);
});

describe('requests of real clients', { skip: withoutCaptures }, () => {
  test('webhook-standard.http, webhook-github.http, alertmanager-webhook.http: one record each, once', async () => {
    const { name, token } = await service.newSource();
    const standard = `whsec_${Buffer.from('standard-webhooks-test-secret-32').toString('base64')}`;
    await secretOf(name, { scheme: 'standard-webhooks', secret: standard });
    await secretOf(name, { scheme: 'github', secret: "It's a Secret to Everybody" });
    const path = `/hooks/${name}`;
    for (let i = 0; i < 2; i++) {
      for (const file of ['webhook-standard.http', 'webhook-github.http']) {
        const { status, body } = await replay(service.url, capture(file), { path });
        assert.equal(status, 200, body);
      }
      const authorization = `Bearer ${token}`;
      assert.equal(
        (await replay(service.url, capture('alertmanager-webhook.http'), { path, authorization })).status,
        200,
      );
    }
    assert.deepEqual(
      (await storedOf(service, name)).map(({ kind }) => kind),
      ['rejected', 'admin', 'signal'],
    );
  });
});
