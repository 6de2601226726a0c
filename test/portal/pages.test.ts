import type { OpenAPIObject } from '@nestjs/swagger';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { schemaInWords, type OpenApiDocument } from '../../src/portal/openapi.js';
import { sortFindings } from '../../src/portal/pages/home.js';
import { renderPage } from '../../src/portal/render.js';
import { pages } from '../fixtures/portal/pages.js';
import { home } from '../fixtures/portal/views.js';

const rendered = Object.entries(pages).map(([name, sample]) => ({ name, html: renderPage(sample.page()) }));

function html(name: string): string {
  return rendered.find((page) => page.name === name)?.html ?? assert.fail(`no page ${name}`);
}

/** Tags of a page with their attributes, in order. */
function tags(page: string): readonly string[] {
  return page.match(/<[a-z][^>]*>/g) ?? [];
}

/** Elements but those that only mark parts of a text. */
function elements(page: string): readonly string[] {
  return tags(page)
    .map((tag) => tag.slice(1, tag.search(/[\s/>]/)))
    .filter((element) => !['span', 'wbr', 'ins', 'del'].includes(element));
}

describe('every page', () => {
  for (const page of rendered) {
    describe(page.name, () => {
      test('holds nothing the content security policy forbids', () => {
        for (const tag of tags(page.html)) {
          assert.doesNotMatch(tag, /\s(style|on[a-z]+)=/, 'inline style or handler');
          assert.doesNotMatch(tag, /\s(href|src|action)="(?![/#])/, 'an address outside the portal');
        }
        assert.equal(page.html.match(/<script/g)?.length, 1);
        assert.match(page.html, /<script src="\/assets\/portal.js" defer/);
      });

      test('has one heading of the first level, a title and no id twice', () => {
        assert.equal(page.html.match(/<h1/g)?.length, 1);
        assert.match(page.html, /<title>.+ – Segproof<\/title>/);
        const ids = [...page.html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
        assert.deepEqual(
          ids.filter((id, place) => ids.indexOf(id) !== place),
          [],
        );
      });

      test('names its tables and their columns', () => {
        for (const [table] of page.html.matchAll(/<table.*?<\/table>/gs)) {
          assert.match(table, /<caption[^>]*>[^<]+<\/caption>/);
          for (const head of table.match(/<th[ >][^>]*>/g) ?? []) assert.match(head, /scope="(col|row)"/);
        }
      });
    });
  }

  test('is the same bytes for the same view', () => {
    for (const { name, html: once } of rendered) assert.equal(renderPage(pages[name]?.page() ?? assert.fail()), once);
  });

  test('shows hostile text as text, wherever it stands', () => {
    const hostile = `"'></textarea></title></pre><img src=x onerror=alert(1)><script>alert(2)</script>&amp;`;
    // Words of our own vocabulary and times are checked before they get here.
    const isFree = (text: string): boolean => !/^[a-z_]+$/.test(text) && !/^\d{4}-\d\d-\d\d/.test(text);
    for (const [name, sample] of Object.entries(pages)) {
      const page = renderPage(sample.page((text) => (isFree(text) ? text + hostile : text)));
      assert.equal(page.includes('<img'), false, `${name} lets a tag through`);
      assert.equal(page.match(/<script/g)?.length, 1, `${name} lets a script through`);
      assert.equal(page.includes('&lt;img src=x'), true, `${name} shows none of the texts`);
      assert.deepEqual(
        elements(page),
        elements(renderPage(sample.page((text) => (isFree(text) ? `${text}x` : text)))),
        `${name} has other elements than with harmless text`,
      );
    }
  });
});

describe('what a page offers', () => {
  test('a review form only to those who may review, else the reason', () => {
    assert.match(html('change-to-review'), /action="\/changes\/[^"]+\/review"/);
    assert.doesNotMatch(html('change-own'), /<form[^>]+review/);
    assert.match(html('change-own'), /somebody else has to review it/);
    assert.doesNotMatch(html('change-approved'), /<form[^>]+review/);
  });

  test('a voided review stays visible with its reason', () => {
    assert.match(html('change-approved'), /Approved, now void/);
    assert.match(html('change-approved'), /Void because the change was edited afterwards/);
  });

  test('only places of the navigation that the roles reach', () => {
    assert.match(html('home'), /href="\/reports"/);
    assert.doesNotMatch(html('not-permitted'), /href="\/reports"/);
    assert.match(html('not-permitted'), /href="\/records\/214367"/);
  });

  test('nothing of the log, the people or the places before sign-in', () => {
    for (const name of ['sign-in', 'sign-in-failed']) assert.doesNotMatch(html(name), /<nav|root hash|log of/i);
  });

  test('unauthorised changes come before the requirements of a report', () => {
    const report = html('report');
    assert.ok(report.indexOf('id="unauthorised"') < report.indexOf('id="requirements"'));
  });

  test('paging keeps the filters', () => {
    assert.match(
      html('records-filtered'),
      /href="\/records\?from=2026-11-22T00%3A00%3A00Z&amp;verdict=deny&amp;workload=k8s%3Aledger%2Fpostings&amp;cursor=b2xk"/,
    );
  });

  test('one filter can be taken away and the others stay', () => {
    assert.match(
      html('records-filtered'),
      /href="\/records\?from=2026-11-22T00%3A00%3A00Z&amp;workload=k8s%3Aledger%2Fpostings" aria-label="Remove filter: verdict deny"/,
    );
  });

  test('a day of the chart leads to exactly that day', () => {
    assert.match(
      html('home'),
      /href="\/records\?from=2026-10-31T00%3A00%3A00Z&amp;to=2026-11-01T00%3A00%3A00Z&amp;verdict=allow"/,
    );
  });
});

describe('findings', () => {
  test('are ordered by severity, then newest first', () => {
    const sorted = sortFindings(home.findings);
    assert.deepEqual(
      sorted.map(({ severity, kind }) => `${severity} ${kind}`),
      [
        'critical unauthorised_change',
        'high silence',
        'high unauthorised_change',
        'medium failed_control',
        'medium unenforced_segment',
        'low rejected_records',
      ],
    );
  });
});

describe('API reference', () => {
  test('types are put into words', () => {
    assert.equal(schemaInWords({ type: 'string', format: 'date-time' }), 'string (date-time)');
    assert.equal(schemaInWords({ type: 'array', items: { $ref: '#/components/schemas/Receipt' } }), 'array of Receipt');
    assert.equal(
      schemaInWords({ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] } }),
      'array of (string | null)',
    );
    assert.equal(schemaInWords({ enum: ['allow', 'deny'] }), '"allow" | "deny"');
    assert.equal(schemaInWords({ type: ['string', 'null'] }), 'string | null');
    assert.equal(schemaInWords({ type: 'object', additionalProperties: { type: 'integer' } }), 'map of integer');
    assert.equal(schemaInWords({ const: 1 }), '1');
    assert.equal(schemaInWords({}), 'any');
  });

  test('links to a schema lead to it', () => {
    const page = html('api-reference');
    for (const [, name] of page.matchAll(/href="#(schema-[^"]+)"/g)) assert.match(page, new RegExp(` id="${name}"`));
  });

  test('takes the document the service makes', () => {
    const made: OpenAPIObject = {
      openapi: '3.1.0',
      info: { title: 'Segproof', version: '1' },
      paths: { '/x': { get: { responses: {} } } },
    };
    const document: OpenApiDocument = made;
    assert.equal(document.info.title, 'Segproof');
  });
});
