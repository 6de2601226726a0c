import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestService, type TestService } from '../support/service.js';
import { Browser } from './browser.js';
import { assertDocument, textOf } from './html.js';

let service: TestService;
let visitor: Browser;

before(async () => {
  service = await startTestService();
  visitor = new Browser(service.url, null);
});

after(() => service.stop());

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
