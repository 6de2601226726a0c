import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client } from 'pg';
import { FindingsLook } from '../../src/findings/look.js';
import { openCheckpoint } from '../../src/log/core/checkpoint.js';
import { parseVerifierKey } from '../../src/log/core/note.js';
import { verifyInclusion } from '../../src/log/core/proof.js';
import { entriesOf } from './browser.js';
import { assertDocument, decoded, textOf } from './html.js';
import { ago, day, openPortal, script, type Portal } from './portal.js';
import { isSenderPath } from '../../src/ingestion/protocols/problem-forms.js';

let portal: Portal;

before(async () => {
  portal = await openPortal();
});

after(() => portal.service.stop());

describe('pages', () => {
  const everybody = [
    '/',
    '/records',
    '/changes',
    '/policies',
    '/segments',
    '/sources',
    '/controls',
    '/docs',
    '/figures',
    '/figures/paths',
    '/figures/workloads',
    '/map',
    '/incident',
  ];

  test('are whole documents, for everybody who may see them', async () => {
    for (const [role, browser] of Object.entries(portal.browsers)) {
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
      '/quarantine',
      '/reports',
      '/reports/new',
      '/segments/payments',
      '/segments/back-office',
      `/records/0`,
      '/figures?segment=payments',
      '/figures/paths?to=payments&used=no',
      '/map?segment=payments',
      '/workloads/k8s%3Apayments%2Fapi',
      '/incident?workload=k8s%3Apayments%2Fapi',
    ];
    for (const path of auditor) assertDocument((await portal.browsers.auditor.get(path)).body, path);
  });

  test('show what a source sent as text, never as markup', async () => {
    const paths = [
      '/',
      '/records',
      '/records?kind=rejected',
      `/records?text=${encodeURIComponent(script)}`,
      `/records/${portal.policyChanges[0]}`,
      '/quarantine',
      '/policies',
      '/policies/kubernetes/NetworkPolicy/payments/default-deny',
      '/segments',
      '/segments/back-office',
      '/controls',
      `/policies?text=${encodeURIComponent(script)}`,
      `/nowhere/${encodeURIComponent(script)}`,
    ];
    let seen = 0;
    for (const path of paths) {
      const { body } = await portal.browsers.auditor.get(path);
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
      '/policies/kubernetes/NetworkPolicy/payments/none',
      '/segments/none',
      '/changes/none',
      '/reports/none',
      '/nowhere',
    ]) {
      const { status, body } = await portal.browsers.auditor.get(path);
      assert.equal(status, 404, path);
      assertDocument(body, path);
    }
  });

  test('beyond the role are refused, and the attempt is an entry of the log', async () => {
    const refused = await entriesOf(portal.service, 'access.refused');
    const { status, body } = await portal.browsers.requester.get('/quarantine');
    assert.equal(status, 403);
    assertDocument(body, 'not permitted');
    assert.match(textOf(body), /Not permitted.*roles admin, auditor/u);
    assert.equal((await portal.browsers.auditor.get('/changes/new')).status, 403);
    assert.equal((await portal.browsers.approver.get('/reports/new')).status, 403);
    assert.equal(await entriesOf(portal.service, 'access.refused'), refused + 3);
    assert.doesNotMatch(
      (await portal.browsers.requester.get('/')).body,
      /href="\/quarantine"/u,
      'what is beyond the role is not offered',
    );
  });

  test('name what needs attention', async () => {
    // Never heard of, for longer than it may be.
    await portal.service.newSource({ name: 'dr-site', silenceAfterSeconds: 3600 });
    const owner = new Client({ connectionString: portal.service.database.ownerUrl });
    await owner.connect();
    await owner.query(`UPDATE source SET created_at = created_at - interval '2 hours' WHERE name = 'dr-site'`);
    await owner.end();
    await portal.service.app.get(FindingsLook).run();
    const home = textOf((await portal.browsers.auditor.get('/')).body);
    assert.match(home, /payments\/default-deny was created without an approved change/u);
    assert.match(home, /dr-site is silent It has never sent a record; 1 hour without one is normal for it/u);
    assert.match(home, /back-office is not enforced/u);
    assert.match(home, /2 records could not be read/u);
    assert.match(home, /Policy changes authorised 0 of 2/u);
    assert.match(home, /Records understood 122 of 124/u);
  });

  test('records that match are exported by a browser, in every form', async () => {
    const page = (await portal.browsers.auditor.get('/records?verdict=deny')).body;
    const links = [...page.matchAll(/href="(\/api\/v1\/records\/export[^"]*)"/gu)].map(([, href = '']) =>
      href.replaceAll('&amp;', '&'),
    );
    assert.equal(links.length, 5);
    for (const link of links) {
      const answer = await portal.browsers.auditor.get(link);
      assert.equal(answer.status, 200, link);
      assert.match(link, /verdict=deny/u);
      assert.ok(answer.body.length > 0);
    }
  });

  test('say which segments deny by default, and what passes between them', async () => {
    const list = textOf((await portal.browsers.auditor.get('/segments')).body);
    assert.match(list, /payments Enforcing Both ways High Mara payments 1 80 40/u);
    assert.match(list, /back-office Discovery Ingress only .* 1 0 40/u);
    assert.match(list, /outside · 80/u);
    const segment = textOf((await portal.browsers.auditor.get('/segments/payments')).body);
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
      last = (await portal.browsers.auditor.get(path)).body;
      seen.push(shown(last));
      path = link(last, 'next');
    }
    assert.deepEqual(
      seen.map(({ length }) => length),
      [50, 50, 20],
    );
    assert.deepEqual(
      seen.flat().toSorted((a, b) => a - b),
      portal.flows,
    );
    assert.match(textOf(last), /20 of 120 records/u);
    const back = (await portal.browsers.auditor.get(link(last, 'prev') ?? '')).body;
    assert.deepEqual(shown(back), seen[1]);
    assert.equal((await portal.browsers.auditor.get('/records?cursor=made-up')).status, 400);
    assert.equal((await portal.browsers.auditor.get('/records?cursor=older.made-up')).status, 400);
  });

  test('a filter that cannot be read is pointed out and nothing is shown in its place', async () => {
    const { status, body } = await portal.browsers.auditor.get('/records?from=yesterday&verdict=deny');
    assert.equal(status, 400);
    assert.match(textOf(body), /Expected a time in UTC such as .*“yesterday”/u);
    assert.doesNotMatch(body, /href="\/records\/\d+"/u);
    const filtered = await portal.browsers.auditor.get(`/records?verdict=deny&from=${ago(2 * day).slice(0, 16)}`);
    assert.match(textOf(filtered.body), /40 of 40 records/u);
  });

  test('come with a proof that holds under the signed checkpoint on the page', async () => {
    const index = portal.flows[17] ?? 0;
    const { body } = await portal.browsers.auditor.get(`/records/${index}`);
    const [leafHash, , , root] = [...body.matchAll(/<code class="whole">([\da-f]+)</gu)].map(([, hex = '']) =>
      Buffer.from(hex, 'hex'),
    );
    const proof = [...(/class="hashes">(.*?)<\/ol>/su.exec(body)?.[1] ?? '').matchAll(/[\da-f]{64}/gu)].map(([hex]) =>
      Buffer.from(hex, 'hex'),
    );
    const notes = [...body.matchAll(/data-copy="([^"]*)"/gu)].map(([, text = '']) => decoded(text));
    const note = notes.find((text) => text.startsWith(`${portal.service.ground.log.origin}\n`)) ?? '';
    const checkpoint = openCheckpoint(note, [parseVerifierKey(portal.service.ground.log.verifierKey)]);
    assert.ok(leafHash !== undefined && root?.equals(checkpoint.root));
    verifyInclusion({ index, size: checkpoint.size, leafHash, proof, root: checkpoint.root });
  });

  test('the bytes are handed out as received, and that is recorded', async () => {
    const viewed = await entriesOf(portal.service, 'record.viewed_raw');
    const index = portal.policyChanges[0] ?? 0;
    const { payload } =
      (
        await portal.service.ground.database.query<{ payload: Buffer }>(
          'SELECT payload FROM log_entry WHERE index = $1',
          [index],
        )
      )[0] ?? {};
    await portal.browsers.auditor.get(`/records/${index}`);
    assert.equal(await entriesOf(portal.service, 'record.viewed_raw'), viewed);
    const { status, headers, bytes } = await portal.browsers.auditor.download(`/records/${index}/raw`);
    assert.equal(status, 200);
    assert.deepEqual(bytes, payload);
    assert.match(headers.get('content-disposition') ?? '', /^attachment; /u);
    assert.equal(await entriesOf(portal.service, 'record.viewed_raw'), viewed + 1);
  });
});

describe('what pages need', () => {
  test('is served to everybody, and sent again only when it has changed', async () => {
    for (const [name, type] of [
      ['portal.css', 'text/css; charset=utf-8'],
      ['portal.js', 'text/javascript; charset=utf-8'],
      ['portal.svg', 'image/svg+xml'],
    ] as const) {
      const first = await portal.visitor.get(`/assets/${name}`);
      assert.equal(first.status, 200);
      assert.equal(first.headers.get('content-type'), type);
      assert.equal(first.headers.get('cache-control'), 'no-cache');
      const tag = first.headers.get('etag') ?? '';
      assert.match(tag, /^"[\w-]+"$/u);
      const second = await portal.visitor.get(`/assets/${name}`, { 'if-none-match': `"other", ${tag}` });
      assert.equal(second.status, 304);
      assert.equal(second.body, '');
    }
    for (const path of ['/assets/views.ts', '/assets/..%2fviews.ts', '/assets/%2e%2e/portal.css', '/assets/']) {
      assert.equal((await portal.visitor.get(path)).status, 404, path);
    }
  });

  test('the description of the API is one document, without the pages', async () => {
    const document = JSON.parse((await portal.browsers.requester.get('/openapi.json')).body) as {
      openapi: string;
      paths: Record<string, unknown>;
    }; // read for its keys
    assert.equal(document.openapi, '3.1.0');
    assert.ok('/ingest/v1/{source}' in document.paths);
    assert.deepEqual(
      Object.keys(document.paths).filter(
        (path) => !/^\/(api|log|healthz|readyz|metrics)\b/u.test(path) && !isSenderPath(path),
      ),
      [],
    );
    const reference = textOf((await portal.browsers.requester.get('/docs')).body);
    for (const path of Object.keys(document.paths)) assert.ok(reference.includes(path), path);
  });
});
