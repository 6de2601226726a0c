import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { frameworkById, frameworks } from '../../src/controls/catalogs/frameworks.js';
import { iso270012022 } from '../../src/controls/catalogs/iso-27001-2022.js';
import { nistSp800207 } from '../../src/controls/catalogs/nist-sp-800-207.js';
import { Framework } from '../../src/controls/model.js';

const olir = resolve('../shared/oscal/mappings/nist-olir-155_sp800-53r5-to-iso27001-2022.csv');

describe('catalogues', () => {
  for (const framework of frameworks)
    test(`${framework.id} has the shape of a framework, a version, and ids that occur once`, () => {
      Framework.parse(framework);
      assert.notEqual(framework.version.trim(), '');
      for (const field of ['id', 'displayId', 'title'] as const) {
        const values = framework.requirements.map((requirement) => requirement[field]);
        assert.equal(new Set(values).size, values.length, field);
        assert.ok(values.every((value) => value.trim() === value && value !== ''));
      }
    });

  test('SP 800-207 holds the seven tenets and the duties of sections 3, 5.1 and 5.5', () => {
    assert.deepEqual(
      nistSp800207.requirements.map(({ id }) => id),
      ['zt-1', 'zt-2', 'zt-3', 'zt-4', 'zt-5', 'zt-6', 'zt-7', 's3-a', 's5.1-a', 's5.1-b', 's5.5-a', 's5.5-b'],
    );
  });

  test('Annex A holds all 93 controls by theme', () => {
    const sizes = new Map<string, number>();
    for (const { group } of iso270012022.requirements) sizes.set(group, (sizes.get(group) ?? 0) + 1);
    assert.deepEqual([...sizes.values()], [37, 8, 14, 34]);
    const titles = new Map(iso270012022.requirements.map(({ displayId, title }) => [displayId, title]));
    for (const [id, title] of [
      ['A.5.1', 'Policies for information security'],
      ['A.5.37', 'Documented operating procedures'],
      ['A.6.8', 'Information security event reporting'],
      ['A.7.14', 'Secure disposal or re-use of equipment'],
      ['A.8.15', 'Logging'],
      ['A.8.22', 'Segregation of networks'],
      ['A.8.32', 'Change management'],
      ['A.8.34', 'Protection of information systems during audit testing'],
    ])
      assert.equal(titles.get(id ?? ''), title);
  });

  test(
    'Annex A holds every control that NIST OLIR 155 relates',
    { skip: existsSync(olir) ? false : `${olir} is not here` },
    () => {
      const ids = new Set(iso270012022.requirements.map(({ displayId }) => displayId));
      const related = readFileSync(olir, 'utf8')
        .split('\n')
        .map((line) => line.split(',')[1] ?? '')
        .filter((id) => id.startsWith('A.'));
      assert.ok(related.length > 300);
      assert.deepEqual(
        [...new Set(related)].filter((id) => !ids.has(id)),
        [],
      );
    },
  );

  test('a framework is found by its id, and only by its id', () => {
    assert.equal(frameworkById('nist-sp-800-207'), nistSp800207);
    assert.equal(frameworkById('iso-27001-2022'), iso270012022);
    assert.equal(frameworkById('iso-27001'), undefined);
  });
});
