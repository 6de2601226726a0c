import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { redact, redactionOf } from '../../src/ingestion/redaction.js';
import { RedactionProfile } from '../../src/ingestion/source-settings.js';

const key = Buffer.alloc(32, 7);

function redactionFor(profile: object): NonNullable<ReturnType<typeof redactionOf>> {
  const redaction = redactionOf(RedactionProfile.parse(profile), key);
  assert.ok(redaction);
  return redaction;
}

const redaction = redactionFor({ secrets: true, fields: ['Patient', 'x-session'] });
const redacted = (text: string): string => redact(Buffer.from(text), redaction).toString();
const secret = 'S3cr3t-value-77';

describe('redaction before hashing', () => {
  test('a profile that names nothing redacts nothing', () => {
    assert.equal(redactionOf(RedactionProfile.parse({}), key), null);
  });

  test('takes the secret out wherever it stands', () => {
    const manifest = JSON.stringify({ kind: 'Secret', stringData: { password: secret } });
    const places = [
      `{"password":"${secret}"}`,
      `{"Password" : "${secret}", "n": 1}`,
      JSON.stringify({ annotations: { 'kubectl.kubernetes.io/last-applied-configuration': manifest } }),
      JSON.stringify({
        properties: { log: JSON.stringify({ requestObject: { metadata: { annotations: { x: manifest } } } }) },
      }),
      `{"url":"https://api.example/charge?token=${secret}&amount=3"}`,
      `{"url":"https://bob:${secret}@api.example/"}`,
      `{"headers":[{"key":"Authorization","value":"Bearer ${secret}"}]}`,
      `{"headers":{"x-session":["${secret}"]}}`,
      `{"env":[{"name":"PASSWORD","value":"${secret}"}]}`,
      `{"patient":{"name":"${secret}"}}`,
      `{"message":"login failed password=${secret} for bob"}`,
      `<134>1 2026-11-20T10:00:00Z fw app - - - user=bob password="${secret}" act=deny`,
      `GET /x HTTP/1.1\r\nAuthorization: Bearer ${secret}`,
      `CEF:0|V|P|1|1|n|3|request=https://h/?api_key=${secret} cs1={"token":"${secret}"}`,
      `{"password":"${secret}`,
      `{"cut": [ {"token":"${secret}"`,
    ];
    for (const text of places) {
      const out = redacted(text);
      assert.ok(!out.includes(secret), out);
      assert.match(out, /redacted-[\w-]{22}/);
      assert.equal(redacted(out), out, 'redacting again changes nothing');
    }
  });

  test('equal values get equal tokens, however they are written; another key gives others', () => {
    const tokenIn = (text: string): string => /redacted-[\w-]{22}/.exec(text)?.[0] ?? '';
    const plain = tokenIn(redacted(`{"password":"${secret}"}`));
    assert.equal(tokenIn(redacted(`password=${secret}`)), plain);
    assert.equal(tokenIn(redacted(JSON.stringify({ inner: JSON.stringify({ token: secret }) }))), plain);
    assert.equal(tokenIn(redacted('{"password":"\\u00fcber"}')), tokenIn(redacted('{"password":"über"}')));
    const other = redactionOf(RedactionProfile.parse({ secrets: true }), Buffer.alloc(32, 8));
    assert.ok(other);
    assert.notEqual(tokenIn(redact(Buffer.from(`password=${secret}`), other).toString()), plain);
  });

  test('everything else keeps its bytes', () => {
    const text =
      '{ "n": 18446744073709551615, "x": 1.10, "s": "\\u00e9\\n", "password": "p", "__proto__": {"b":2}, "z": null }';
    assert.equal(redacted(text).replace(/redacted-[\w-]{22}/, 'p'), text);
    const flow = Buffer.from('{"flow":{"time":"2026-11-20T10:00:00.123456789Z","verdict":"DROPPED"}}');
    assert.equal(redact(flow, redaction), flow, 'the same buffer where nothing is to be done');
  });

  test('no bytes make it throw, and JSON stays JSON', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        redact(Buffer.from(bytes), redaction);
      }),
    );
    fc.assert(
      fc.property(fc.json(), (json) => {
        JSON.parse(redacted(json));
      }),
    );
  });

  test('a seeded secret never comes through, whatever stands around it', () => {
    const names = fc.constantFrom('password', 'TOKEN', 'x-session', 'patient', 'client_secret');
    const nested = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        names.map((name) => ({ [name]: secret })),
        fc.tuple(fc.string(), tie('value')).map(([member, value]) => ({ [`m${member}`]: value })),
        tie('value').map((value) => ({ text: JSON.stringify(value) })),
        fc.array(tie('value'), { maxLength: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(nested, (value) => {
        assert.ok(!redacted(JSON.stringify(value)).includes(secret));
      }),
      { numRuns: 500 },
    );
  });

  test('takes time in proportion to the length', () => {
    for (const text of [
      '"'.repeat(200_000),
      '{"a":'.repeat(60_000),
      'a'.repeat(300_000),
      '\\"'.repeat(150_000),
      'k='.repeat(100_000),
    ]) {
      const begin = performance.now();
      redacted(text);
      assert.ok(performance.now() - begin < 20_000, 'hangs');
    }
  });
});
