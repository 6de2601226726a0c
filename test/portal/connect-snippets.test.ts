import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { connectSnippets, filledIn } from '../../src/portal/connect-snippets.js';

const documentation = resolve(import.meta.dirname, '../../../docs/connect');
/** The source that each page of the documentation takes as its example. */
const exampleSources: Readonly<Record<string, string>> = {
  'syslog-ng': 'firewalls',
  'kubernetes-audit': 'prod-audit',
  sentinel: 'sentinel',
  alertmanager: 'alerts',
};

test('what the portal shows to set a client up stands in the documentation, word for word', () => {
  assert.ok(connectSnippets.length >= 10);
  for (const snippet of connectSnippets) {
    const shown = filledIn(snippet, {
      url: 'https://segproof.example.com',
      source: exampleSources[snippet.id] ?? 'any',
      token: 'sgt_…',
      syslogPort: 6514,
    });
    const page = readFileSync(resolve(documentation, snippet.doc), 'utf8');
    assert.ok(page.includes(shown), `docs/connect/${snippet.doc} does not say:\n${shown}`);
  }
});

test('snippets are filled in with the address of the service, also without TLS and on another port', () => {
  const values = { url: 'http://10.0.0.5:8080', source: 'edge', token: 'sgt_x', syslogPort: 1514 };
  const text = (id: string): string => {
    const snippet = connectSnippets.find((one) => one.id === id);
    assert.ok(snippet !== undefined);
    return filledIn(snippet, values);
  };
  assert.match(text('fluent-bit'), /Host +10\.0\.0\.5\n +Port +8080\n +TLS +Off\n +Splunk_Token +sgt_x\n/u);
  assert.match(text('kubernetes-audit'), /server: 'http:\/\/10\.0\.0\.5:8080\/k8s\/audit\/edge'/u);
  assert.match(text('rsyslog'), /serverport="8080" usehttps="off"/u);
  assert.match(text('illumio'), /`10\.0\.0\.5`, 1514/u);
  assert.match(text('sentinel'), /@\{triggerBody\(\)\}/u);
  for (const { id } of connectSnippets) assert.doesNotMatch(text(id), /\{(?:url|host|port|tls|https|source|token)\}/u);
});
