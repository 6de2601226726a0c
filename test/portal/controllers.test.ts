import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { stringify } from 'yaml';
import { Users } from '../../src/access/users.js';
import { Sessions } from '../../src/access/sessions.js';
import { systemActor, type Role } from '../../src/context.js';
import { Segments } from '../../src/inventory/segments.js';
import { openCheckpoint } from '../../src/log/core/checkpoint.js';
import { parseVerifierKey } from '../../src/log/core/note.js';
import { verifyInclusion } from '../../src/log/core/proof.js';
import { startTestService, type TestService } from '../support/service.js';
import { Browser, entriesOf } from './browser.js';
import { assertDocument, decoded, textOf } from './html.js';
import { defaultDeny, hubbleFlow, networkPolicy, policyWritten, send } from './sent-records.js';

const script = '<script>alert("not on this page")</script>';
const day = 86_400_000;

let service: TestService;
let browsers: Readonly<Record<Role, Browser>>;
let visitor: Browser;
/** Entries of policy changes: the first was never approved, its author's name is hostile. */
let policyChanges: number[];
let flows: number[];

function ago(milliseconds: number): string {
  return new Date(Date.now() - milliseconds).toISOString();
}

async function signedIn(role: Role): Promise<Browser> {
  return new Browser(service.url, (await service.signedIn(role)).token);
}

before(async () => {
  service = await startTestService();
  visitor = new Browser(service.url, null);
  browsers = {
    admin: await signedIn('admin'),
    requester: await signedIn('requester'),
    approver: await signedIn('approver'),
    auditor: await signedIn('auditor'),
  };
  const segments = service.app.get(Segments);
  const shared = { owner: 'Mara', criticality: 'high', matchLabels: {} } as const;
  await segments.define(systemActor, 'payments', { ...shared, phase: 'enforcing', namespace: 'payments' });
  await segments.define(systemActor, 'back-office', {
    ...shared,
    owner: script,
    phase: 'discovery',
    namespace: 'back-office',
  });
  const hubble = await service.newSource({ name: 'hubble', format: 'hubble', silenceAfterSeconds: 3600 });
  const audit = await service.newSource({ name: 'kube-audit', format: 'kubernetes-audit' });
  policyChanges = await send(service, audit, [
    policyWritten(networkPolicy('payments', 'default-deny', defaultDeny), {
      time: ago(3 * day),
      user: script,
      verb: 'create',
      number: 1,
    }),
    policyWritten(
      networkPolicy('back-office', 'reports', {
        podSelector: { matchLabels: { app: 'reports' } },
        policyTypes: ['Ingress'],
      }),
      {
        time: ago(2 * day),
        user: 'k.moreau',
        verb: 'create',
        number: 2,
      },
    ),
  ]);
  flows = await send(
    service,
    hubble,
    Array.from({ length: 120 }, (_, number) =>
      hubbleFlow(
        {
          time: ago(day + number * 1000),
          from: number % 3 === 0 ? 'back-office/reports' : 'checkout/web',
          to: 'payments/api',
          verdict: number % 3 === 0 ? 'DROPPED' : 'FORWARDED',
        },
        number,
      ),
    ),
  );
  await send(service, hubble, [`{"flow":"${script}`, '{"what":"is this"}']);
});

after(() => service.stop());

describe('signing in', () => {
  const fields = (name: string, password: string): [string, string][] => [
    ['userName', name],
    ['password', password],
  ];

  test('the right password gives a cookie that scripts cannot read, and leads home', async () => {
    const { name, password } = await service.signedIn('auditor');
    const answer = await visitor.post('/sign-in', fields(name, password));
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get('location'), '/');
    const [cookie = ''] = answer.headers.getSetCookie();
    assert.match(cookie, /^segproof_session=sgs_[\w-]{43}; Path=\/; Max-Age=4\d{4}; HttpOnly; SameSite=Lax$/u);
    const session = /=([^;]*)/u.exec(cookie)?.[1] ?? '';
    assert.equal((await new Browser(service.url, session).get('/')).status, 200);
  });

  test('a wrong password and an unknown name look the same, and give no cookie', async () => {
    const { name } = await service.signedIn('auditor');
    const wrong = await visitor.post('/sign-in', fields(name, 'guessed'));
    const unknown = await visitor.post('/sign-in', fields('nobody', 'guessed'));
    for (const answer of [wrong, unknown]) {
      assert.equal(answer.status, 401);
      assert.deepEqual(answer.headers.getSetCookie(), []);
      assert.match(textOf(answer.body), /The user name or the password is wrong/u);
      assertDocument(answer.body, 'sign-in');
    }
    assert.match(wrong.body, new RegExp(`value="${name}"`, 'u'), 'the name has not to be typed again');
    assert.equal(wrong.body.replaceAll(name, 'nobody'), unknown.body);
    assert.equal((await visitor.post('/sign-in', [])).status, 400);
  });

  test('cookies are for HTTPS alone where the configuration says so', async (t) => {
    const secure = await startTestService({ env: { SECURE_COOKIES: 'true' } });
    t.after(() => secure.stop());
    const { name, password } = await secure.signedIn('auditor');
    const answer = await new Browser(secure.url, null).post('/sign-in', fields(name, password));
    assert.match(answer.headers.getSetCookie()[0] ?? '', /; Secure$/u);
  });

  test('leads on to a place of this portal and to no other', async () => {
    const { name, password } = await service.signedIn('auditor');
    const elsewhere = [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example/',
      '\\\\evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
      'javascript:alert(1)',
      'records',
      '/.//evil.example',
      '',
    ];
    for (const next of elsewhere) {
      const answer = await visitor.post('/sign-in', [...fields(name, password), ['next', next]]);
      assert.equal(answer.headers.get('location'), '/', JSON.stringify(next));
      const form = await visitor.get(`/sign-in?${new URLSearchParams({ next }).toString()}`);
      assert.doesNotMatch(form.body, /name="next"/u, JSON.stringify(next));
    }
    const answer = await visitor.post('/sign-in', [
      ...fields(name, password),
      ['next', '/records?verdict=deny&text=a%26b'],
    ]);
    assert.equal(answer.headers.get('location'), '/records?verdict=deny&text=a%26b');
  });

  test('who is not signed in is led to the form and back; a program is told', async () => {
    const page = await visitor.get('/records?verdict=deny');
    assert.equal(page.status, 303);
    assert.equal(page.headers.get('location'), '/sign-in?next=%2Frecords%3Fverdict%3Ddeny');
    assert.match(
      (await visitor.get(page.headers.get('location') ?? '')).body,
      /name="next" value="\/records\?verdict=deny"/u,
    );
    const program = await visitor.get('/openapi.json', { accept: 'application/json' });
    assert.equal(program.status, 401);
    assert.equal(program.headers.get('content-type'), 'application/problem+json');
    const expired = await new Browser(service.url, 'sgs_unknown').get('/changes');
    assert.equal(expired.headers.get('location'), '/sign-in?next=%2Fchanges');
  });

  test('signing out ends the session for good', async () => {
    const { token } = await service.signedIn('auditor');
    const browser = new Browser(service.url, token);
    const answer = await browser.post('/sign-out', []);
    assert.equal(answer.headers.get('location'), '/sign-in');
    assert.match(answer.headers.getSetCookie()[0] ?? '', /^segproof_session=; Path=\/; Max-Age=0;/u);
    assert.equal((await browser.get('/')).status, 303);
  });

  test('a form sent by another site is refused', async () => {
    const { name, password } = await service.signedIn('auditor');
    const answer = await visitor.post('/sign-in', fields(name, password), {
      'sec-fetch-site': 'cross-site',
      origin: 'https://evil.example',
    });
    assert.equal(answer.status, 403);
    assert.deepEqual(answer.headers.getSetCookie(), []);
  });
});

describe('pages', () => {
  const everybody = ['/', '/records', '/changes', '/policies', '/segments', '/sources', '/controls', '/docs'];

  test('are whole documents, for everybody who may see them', async () => {
    for (const [role, browser] of Object.entries(browsers)) {
      for (const path of everybody) {
        const { status, headers, body } = await browser.get(path);
        assert.equal(status, 200, `${path} for ${role}`);
        assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
        assert.equal(headers.get('cache-control'), 'no-store');
        assert.match(headers.get('content-security-policy') ?? '', /script-src 'self'/u);
        assertDocument(body, `${path} for ${role}`);
      }
    }
    const auditor = [
      '/rejected',
      '/reports',
      '/reports/new',
      '/segments/payments',
      '/segments/back-office',
      `/records/0`,
    ];
    for (const path of auditor) assertDocument((await browsers.auditor.get(path)).body, path);
  });

  test('show what a source sent as text, never as markup', async () => {
    const paths = [
      '/',
      '/records',
      '/records?kind=rejected',
      `/records?text=${encodeURIComponent(script)}`,
      `/records/${policyChanges[0]}`,
      '/rejected',
      '/policies',
      '/policies/NetworkPolicy/payments/default-deny',
      '/segments',
      '/segments/back-office',
      '/controls',
      `/policies?text=${encodeURIComponent(script)}`,
      `/nowhere/${encodeURIComponent(script)}`,
    ];
    let seen = 0;
    for (const path of paths) {
      const { body } = await browsers.auditor.get(path);
      assert.doesNotMatch(body, /<script>/u, path);
      assertDocument(body, path);
      if (textOf(body).includes(script)) seen++;
    }
    assert.ok(seen >= 9, `the text was only found on ${seen} pages, so the others prove nothing`);
  });

  test('that do not exist say so', async () => {
    for (const path of [
      '/records/999999',
      '/records/abc',
      '/policies/NetworkPolicy/payments/none',
      '/segments/none',
      '/changes/none',
      '/reports/none',
      '/nowhere',
    ]) {
      const { status, body } = await browsers.auditor.get(path);
      assert.equal(status, 404, path);
      assertDocument(body, path);
    }
  });

  test('beyond the role are refused, and the attempt is an entry of the log', async () => {
    const refused = await entriesOf(service, 'access.refused');
    const { status, body } = await browsers.requester.get('/rejected');
    assert.equal(status, 403);
    assertDocument(body, 'not permitted');
    assert.match(textOf(body), /Not permitted.*roles admin, auditor/u);
    assert.equal((await browsers.auditor.get('/changes/new')).status, 403);
    assert.equal((await browsers.approver.get('/reports/new')).status, 403);
    assert.equal(await entriesOf(service, 'access.refused'), refused + 3);
    assert.doesNotMatch(
      (await browsers.requester.get('/')).body,
      /href="\/rejected"/u,
      'what is beyond the role is not offered',
    );
  });

  test('name what needs attention', async () => {
    const home = textOf((await browsers.auditor.get('/')).body);
    assert.match(home, /payments\/default-deny was created without an approved change/u);
    assert.match(home, /hubble is silent/u);
    assert.match(home, /back-office is not enforced/u);
    assert.match(home, /2 records could not be read/u);
    assert.match(home, /Policy changes authorised 0 of 2/u);
    assert.match(home, /Records understood 122 of 124/u);
  });

  test('say which segments deny by default, and what passes between them', async () => {
    const list = textOf((await browsers.auditor.get('/segments')).body);
    assert.match(list, /payments Enforcing Both ways High Mara payments 1 80 40/u);
    assert.match(list, /back-office Discovery Ingress only .* 1 0 40/u);
    assert.match(list, /outside · 80/u);
    const segment = textOf((await browsers.auditor.get('/segments/payments')).body);
    assert.match(segment, /payments\/default-deny/u);
    assert.match(segment, /checkout\/web payments\/api tcp 8443 Allow 80/u);
    assert.match(segment, /back-office\/reports payments\/api tcp 8443 Deny 40/u);
  });
});

describe('records', () => {
  test('are all met once on the way through the pages, and again on the way back', async () => {
    const seen: number[][] = [];
    let path: string | null = '/records?source=hubble&kind=flow';
    const link = (body: string, way: 'next' | 'prev'): string | null =>
      decoded(new RegExp(`rel="${way}" href="([^"]+)"`, 'u').exec(body)?.[1] ?? '') || null;
    const shown = (body: string): number[] =>
      [...body.matchAll(/href="\/records\/(\d+)"/gu)].map(([, index]) => Number(index));
    let last = '';
    while (path !== null) {
      last = (await browsers.auditor.get(path)).body;
      seen.push(shown(last));
      path = link(last, 'next');
    }
    assert.deepEqual(
      seen.map(({ length }) => length),
      [50, 50, 20],
    );
    assert.deepEqual(
      seen.flat().toSorted((a, b) => a - b),
      flows,
    );
    assert.match(textOf(last), /20 of 120 records/u);
    const back = (await browsers.auditor.get(link(last, 'prev') ?? '')).body;
    assert.deepEqual(shown(back), seen[1]);
    assert.equal((await browsers.auditor.get('/records?cursor=made-up')).status, 400);
    assert.equal((await browsers.auditor.get('/records?cursor=older.made-up')).status, 400);
  });

  test('a filter that cannot be read is pointed out and nothing is shown in its place', async () => {
    const { status, body } = await browsers.auditor.get('/records?from=yesterday&verdict=deny');
    assert.equal(status, 400);
    assert.match(textOf(body), /Expected a time in UTC such as .*“yesterday”/u);
    assert.doesNotMatch(body, /href="\/records\/\d+"/u);
    const filtered = await browsers.auditor.get(`/records?verdict=deny&from=${ago(2 * day).slice(0, 16)}`);
    assert.match(textOf(filtered.body), /40 of 40 records/u);
  });

  test('come with a proof that holds under the signed checkpoint on the page', async () => {
    const index = flows[17] ?? 0;
    const { body } = await browsers.auditor.get(`/records/${index}`);
    const [leafHash, , , root] = [...body.matchAll(/<code class="whole">([\da-f]+)</gu)].map(([, hex = '']) =>
      Buffer.from(hex, 'hex'),
    );
    const proof = [...(/class="hashes">(.*?)<\/ol>/su.exec(body)?.[1] ?? '').matchAll(/[\da-f]{64}/gu)].map(([hex]) =>
      Buffer.from(hex, 'hex'),
    );
    const notes = [...body.matchAll(/data-copy="([^"]*)"/gu)].map(([, text = '']) => decoded(text));
    const note = notes.find((text) => text.startsWith(`${service.ground.log.origin}\n`)) ?? '';
    const checkpoint = openCheckpoint(note, [parseVerifierKey(service.ground.log.verifierKey)]);
    assert.ok(leafHash !== undefined && root?.equals(checkpoint.root));
    verifyInclusion({ index, size: checkpoint.size, leafHash, proof, root: checkpoint.root });
  });

  test('the bytes are handed out as received, and that is recorded', async () => {
    const viewed = await entriesOf(service, 'record.viewed_raw');
    const index = policyChanges[0] ?? 0;
    const { payload } =
      (
        await service.ground.database.query<{ payload: Buffer }>('SELECT payload FROM log_entry WHERE index = $1', [
          index,
        ])
      )[0] ?? {};
    await browsers.auditor.get(`/records/${index}`);
    assert.equal(await entriesOf(service, 'record.viewed_raw'), viewed);
    const { status, headers, bytes } = await browsers.auditor.download(`/records/${index}/raw`);
    assert.equal(status, 200);
    assert.deepEqual(bytes, payload);
    assert.match(headers.get('content-disposition') ?? '', /^attachment; /u);
    assert.equal(await entriesOf(service, 'record.viewed_raw'), viewed + 1);
  });
});

describe('changes', () => {
  const allowWeb = networkPolicy('payments', 'allow-web', {
    podSelector: {},
    policyTypes: ['Ingress'],
    ingress: [{ ports: [{ port: 8443 }] }],
  });
  const form = (changed: Readonly<Record<string, string>> = {}): [string, string][] =>
    Object.entries({
      title: 'Web reaches the payments API',
      reason: 'Checkout <b>needs</b> it.',
      windowFrom: ago(-60_000).slice(0, 16),
      windowTo: ago(-2 * day).slice(0, 16),
      action: 'create',
      policy: stringify(allowWeb),
      ...changed,
    });

  async function proposed(browser: Browser): Promise<string> {
    const answer = await browser.post('/changes', form());
    assert.equal(answer.status, 303, textOf(answer.body));
    return answer.headers.get('location') ?? '';
  }

  test('are proposed by a form, reviewed by another person, and held against what happens', async () => {
    const path = await proposed(browsers.requester);
    const page = await browsers.approver.get(path);
    assertDocument(page.body, path);
    assert.match(textOf(page.body), /Checkout <b>needs<\/b> it\./u);
    assert.match((await browsers.approver.get('/')).body, /1 change waits for your review/u);
    assert.match(textOf((await browsers.approver.get('/changes?state=for_review')).body), /For my review 1/u);

    const silent = await browsers.approver.post(`${path}/review`, [['decision', 'rejected']]);
    assert.equal(silent.status, 400);
    assert.match(textOf(silent.body), /say why you reject the change/u);

    const approved = await browsers.approver.post(`${path}/review`, [
      ['decision', 'approved'],
      ['comment', 'One port.'],
    ]);
    assert.equal(approved.status, 303);
    assert.equal(approved.headers.get('location'), path);
    assert.match(textOf((await browsers.auditor.get(path)).body), /Approved Waiting .*One port\./u);

    const again = await browsers.approver.post(`${path}/review`, [['decision', 'approved']]);
    assert.equal(again.status, 409);
    assert.match(textOf(again.body), /already/u);
    assertDocument(again.body, 'second review');

    const audit = await service.newSource({ format: 'kubernetes-audit' });
    const [index] = await send(service, audit, [
      policyWritten(allowWeb, { time: ago(-3_600_000), user: 'deploy-bot', verb: 'create', number: 9 }),
    ]);
    assert.match(
      textOf((await browsers.auditor.get(path)).body),
      /Approved Carried out .*deploy-bot As approved Inside/u,
    );
    assert.match(
      textOf((await browsers.auditor.get(`/records/${index}`)).body),
      /Carried out an approved change CHG-1 Web reaches/u,
    );
    assert.match(
      textOf((await browsers.auditor.get('/policies/NetworkPolicy/payments/allow-web')).body),
      /CHG-1 Web reaches/u,
    );
    assert.match(
      textOf((await browsers.auditor.get('/changes')).body),
      /CHG-1 Web reaches the payments API Approved Carried out/u,
    );
  });

  test('nobody reviews their own, not even with the role for it', async () => {
    const password = 'both roles at once';
    await service.app
      .get(Users)
      .create(systemActor, { name: 'both', displayName: 'Both', roles: ['requester', 'approver'], password });
    const { token } = await service.app.get(Sessions).signIn({ name: 'both', password }, '127.0.0.1');
    const both = new Browser(service.url, token);
    const path = await proposed(both);
    assert.doesNotMatch((await both.get(path)).body, /name="decision"/u);
    const answer = await both.post(`${path}/review`, [['decision', 'approved']]);
    assert.equal(answer.status, 403);
    assert.match(textOf(answer.body), /You proposed this change; somebody else has to review it/u);
    assert.match(textOf((await both.get(path)).body), /Proposed/u);
    assert.equal((await browsers.requester.post(`${path}/review`, [['decision', 'approved']])).status, 403);
  });

  test('a form that cannot be taken comes back as it was, and says what to correct', async () => {
    const wrong = await browsers.requester.post('/changes', form({ title: '' }));
    assert.equal(wrong.status, 400);
    assertDocument(wrong.body, 'form with problems');
    assert.match(textOf(wrong.body), /Title: at least 3 characters are needed/u);
    assert.match(textOf(wrong.body), /Checkout <b>needs<\/b> it\./u);
    const reversed = await browsers.requester.post('/changes', form({ windowTo: ago(day).slice(0, 16) }));
    assert.match(textOf(reversed.body), /Window to: the window must end after it begins/u);
    const broken = await browsers.requester.post('/changes', form({ policy: 'kind: [NetworkPolicy' }));
    assert.equal(broken.status, 400);
    assert.match(textOf(broken.body), /Policy: not readable as one YAML document/u);
    const unknown = await browsers.requester.post(
      '/changes',
      form({ policy: stringify(networkPolicy('payments', 'odd', { podSelector: {}, ingress: 'all' })) }),
    );
    assert.equal(unknown.status, 400);
    assert.match(textOf(unknown.body), /Policy: spec\.ingress/u);
  });
});

test('what is no form, or too large for one, is refused as such', async () => {
  const json = await visitor.post('/sign-in', [], { 'content-type': 'application/json' });
  assert.equal(json.status, 415);
  assertDocument(json.body, 'not a form');
  const large = await browsers.requester.post('/changes', [['policy', 'a'.repeat(1_100_000)]]);
  assert.equal(large.status, 413);
  assertDocument(large.body, 'too large');
});

describe('reports', () => {
  test('are asked for by days, watched, read and taken away', async () => {
    const today = ago(0).slice(0, 10);
    const answer = await browsers.auditor.post('/reports', [
      ['framework', 'nist-sp-800-207'],
      ['from', ago(5 * day).slice(0, 10)],
      ['to', today],
      ['segments', 'payments'],
      ['segments', 'back-office'],
    ]);
    assert.equal(answer.status, 303, textOf(answer.body));
    const path = answer.headers.get('location') ?? '';
    assertDocument((await browsers.auditor.get(path)).body, path);
    const deadline = Date.now() + 60_000;
    let progress = { state: 'building' };
    while (progress.state === 'building' && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      progress = JSON.parse((await browsers.auditor.get(`${path}/progress`)).body) as { state: string }; // the API's own word
    }
    assert.equal(progress.state, 'ready');
    for (const look of [path, `${path}?result=not_satisfied`])
      assertDocument((await browsers.auditor.get(look)).body, look);
    const [row] = await service.ground.database.query<{ period_to: Date; segments: string[] }>(
      'SELECT period_to, segments FROM report',
    );
    assert.equal(
      row?.period_to.toISOString(),
      `${ago(-day).slice(0, 10)}T00:00:00.000Z`,
      'the last day belongs to the period',
    );
    assert.deepEqual(row?.segments, ['payments', 'back-office']);
    assert.match(textOf((await browsers.approver.get('/reports')).body), /payments, back-office/u);

    const downloads = await entriesOf(service, 'report.downloaded');
    const pdf = await browsers.approver.download(`${path}/report.pdf`);
    const bundle = await browsers.approver.download(`${path}/package.zip`);
    assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-');
    assert.equal(bundle.bytes.subarray(0, 2).toString(), 'PK');
    assert.match(pdf.headers.get('content-disposition') ?? '', /^attachment; filename="segproof-.*\.pdf"$/u);
    assert.equal(await entriesOf(service, 'report.downloaded'), downloads + 2);
  });

  test('a period that cannot be is refused with the reason', async () => {
    const ask = (from: string, to: string, framework = 'nist-sp-800-207') =>
      browsers.auditor.post('/reports', [
        ['framework', framework],
        ['from', from],
        ['to', to],
      ]);
    const reversed = await ask('2026-11-02', '2026-11-01');
    assert.equal(reversed.status, 400);
    assert.match(textOf(reversed.body), /Last day: the last day comes before the first/u);
    assert.match(
      textOf((await ask('2026-02-30', '2026-03-01')).body),
      /First day: a day such as 2026-11-22 is needed/u,
    );
    assert.match(
      textOf((await ask('2026-11-01', '2026-11-02', 'none')).body),
      /Framework: not a framework of this service/u,
    );
  });
});

describe('what pages need', () => {
  test('is served to everybody, and sent again only when it has changed', async () => {
    for (const [name, type] of [
      ['portal.css', 'text/css; charset=utf-8'],
      ['portal.js', 'text/javascript; charset=utf-8'],
      ['portal.svg', 'image/svg+xml'],
    ] as const) {
      const first = await visitor.get(`/assets/${name}`);
      assert.equal(first.status, 200);
      assert.equal(first.headers.get('content-type'), type);
      assert.equal(first.headers.get('cache-control'), 'no-cache');
      const tag = first.headers.get('etag') ?? '';
      assert.match(tag, /^"[\w-]+"$/u);
      const second = await visitor.get(`/assets/${name}`, { 'if-none-match': `"other", ${tag}` });
      assert.equal(second.status, 304);
      assert.equal(second.body, '');
    }
    for (const path of ['/assets/views.ts', '/assets/..%2fviews.ts', '/assets/%2e%2e/portal.css', '/assets/']) {
      assert.equal((await visitor.get(path)).status, 404, path);
    }
  });

  test('the description of the API is one document, without the pages', async () => {
    const document = JSON.parse((await browsers.requester.get('/openapi.json')).body) as {
      openapi: string;
      paths: Record<string, unknown>;
    }; // read for its keys
    assert.equal(document.openapi, '3.1.0');
    assert.ok('/ingest/v1/{source}' in document.paths);
    assert.deepEqual(
      Object.keys(document.paths).filter((path) => !/^\/(api|ingest|log|healthz|readyz|metrics)\b/u.test(path)),
      [],
    );
    const reference = textOf((await browsers.requester.get('/docs')).body);
    for (const path of Object.keys(document.paths)) assert.ok(reference.includes(path), path);
  });
});
