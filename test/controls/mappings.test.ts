import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { decides } from '../../src/controls/assess.js';
import { frameworkById, frameworks } from '../../src/controls/catalogs/frameworks.js';
import { checks } from '../../src/controls/checks/registry.js';
import { mappings, mappingVersion } from '../../src/controls/mappings/mappings.js';
import { Mapping } from '../../src/controls/model.js';

const olir = resolve('../shared/oscal/mappings/nist-olir-155_sp800-53r5-to-iso27001-2022.csv');
const supplement = resolve('../shared/oscal/mappings/nist-sp-1800-35_zta-to-sp800-53r5.csv');
const skipWithout = (file: string) => (existsSync(file) ? false : `${file} is not here`);
const controlIds = (text: string) => text.match(/\b[A-Z]{2}-\d+(?:\(\d+\))?/g) ?? [];

describe('mappings', () => {
  test('have the shape of a mapping and carry provenance', () => {
    for (const row of mappings) {
      Mapping.parse(row);
      const name = `${row.controlId} to ${row.requirementId}`;
      assert.equal(row.version, mappingVersion, name);
      assert.match(row.source, /^(own, derived from )?(NIST|ISO\/IEC) .*(section|Annex A)/, name);
      assert.match(row.rationale, /^[A-Z].{40,}\.$/s, name);
    }
  });

  test('name no requirement that no catalogue holds, and no control that no check answers', () => {
    const controls = new Set(checks.map(({ controlId }) => controlId));
    for (const { frameworkId, requirementId, controlId } of mappings) {
      const requirements = frameworkById(frameworkId)?.requirements.map(({ id }) => id) ?? [];
      assert.ok(requirements.includes(requirementId), `${frameworkId} ${requirementId}`);
      assert.ok(controls.has(controlId), controlId);
    }
  });

  test('map every check to every framework, each pair once', () => {
    const pairs = mappings.map(
      ({ frameworkId, requirementId, controlId }) => `${frameworkId} ${requirementId} ${controlId}`,
    );
    assert.equal(new Set(pairs).size, pairs.length);
    for (const { controlId } of checks)
      for (const { id } of frameworks)
        assert.ok(
          mappings.some((row) => row.controlId === controlId && row.frameworkId === id),
          `${controlId} in ${id}`,
        );
  });

  test('a row that decides says for which scope; no other row is direct', () => {
    for (const row of mappings) {
      assert.equal(decides(row), row.strength === 'direct', `${row.controlId} to ${row.requirementId}`);
      if (decides(row)) assert.match(row.rationale, /^Decides.*for the segmentation scope of this report/);
    }
  });

  test('make the core requirements assessable', () => {
    const decided = new Set(mappings.filter(decides).map(({ requirementId }) => requirementId));
    for (const id of [
      'a.8.22',
      'a.8.32',
      'a.5.3',
      'a.8.15',
      'a.5.33',
      'a.8.16',
      'zt-4',
      'zt-6',
      'zt-7',
      's5.1-a',
      's5.1-b',
      's5.5-a',
    ])
      assert.ok(decided.has(id), id);
  });

  test('rest on relations that NIST OLIR 155 publishes', { skip: skipWithout(olir) }, () => {
    const published = new Set(
      readFileSync(olir, 'utf8')
        .split(/\r?\n/)
        .map((line) => line.split(',').slice(0, 2).join(' ')),
    );
    const cited = mappings.filter(({ source }) => source.includes('OLIR'));
    assert.ok(cited.length > 20);
    for (const { requirementId, source } of cited) {
      const [, related = ''] = source.split('relating it to');
      const ids = controlIds(related);
      assert.ok(ids.length > 0, source);
      // The published list writes clause numbers of Annex A with their letter.
      for (const id of ids)
        assert.ok(published.has(`${id} ${requirementId.toUpperCase()}`), `${id} to ${requirementId}`);
    }
  });

  test('rest on component rows that NIST SP 1800-35 publishes', { skip: skipWithout(supplement) }, () => {
    const text = readFileSync(supplement, 'utf8').toLowerCase();
    const cited = mappings.filter(({ source }) => source.includes('SP 1800-35'));
    assert.ok(cited.length > 5);
    for (const { source } of cited) {
      const [, component = '', ids = ''] = /\(July 2024\), (.+?) with (.+)$/.exec(source) ?? [];
      for (const id of controlIds(ids)) {
        const words = component.replace('security information and event management', 'siem').toLowerCase();
        const rows = text.split(/\r?\n/).filter((line) => line.includes(`,${id.toLowerCase()},`));
        assert.ok(
          rows.some((line) => line.slice(0, 160).includes(words)),
          `${component} with ${id}`,
        );
      }
    }
  });
});
