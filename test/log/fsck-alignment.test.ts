import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { align, type HashSource, type PlacedHash } from '../../src/log/fsck/alignment.js';
import { displacementOf, type Displacement } from '../../src/log/fsck/displacement.js';

/** Hashes as fsck sees them; `step` at a time, as a database gives them. */
function source(items: readonly PlacedHash[], step: number): HashSource {
  let given = 0;
  return {
    next: async () => items.slice(given, (given += step)),
    peek: async (at) => items.find((item) => item.at === at)?.hash ?? null,
  };
}

const committed = (size: number): PlacedHash[] => Array.from({ length: size }, (_, at) => ({ at, hash: `leaf ${at}` }));

/** The entries one after the other, with the indices they have after renumbering. */
const renumbered = (items: readonly PlacedHash[]): PlacedHash[] => items.map(({ hash }, at) => ({ at, hash }));

async function displacement(size: number, entries: readonly PlacedHash[], step = 100): Promise<Displacement> {
  return displacementOf(await align(source(committed(size), step), source(entries, step), entries.length - size));
}

const nothing = { edited: [], missing: [], inserted: [], reordered: [] };

async function assertFound(
  size: number,
  entries: readonly PlacedHash[],
  wanted: Partial<Omit<Displacement, 'touched'>>,
  step?: number,
): Promise<void> {
  const { touched: _, ...found } = await displacement(size, entries, step);
  assert.deepEqual(found, { ...nothing, ...wanted });
}

/** A place in a log and how many entries from there on. */
const stretch = fc
  .tuple(fc.integer({ min: 2, max: 400 }), fc.nat(), fc.nat(), fc.integer({ min: 1, max: 50 }))
  .map(([size, place, count, step]) => {
    const first = place % size;
    return { size, first, last: Math.min(size - 1, first + (count % 60)), step };
  });

describe('what was done to a log is told from where its entries part from its leaves', () => {
  test('nothing was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 300 }), fc.integer({ min: 1, max: 400 }), async (size, step) => {
        await assertFound(size, committed(size), {}, step);
      }),
    );
  });

  test('entries were edited', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, async ({ size, first, last, step }) => {
        const entries = committed(size).map(({ at, hash }) => ({
          at,
          hash: at >= first && at <= last ? `forged ${at}` : hash,
        }));
        await assertFound(size, entries, { edited: [{ first, last }] }, step);
      }),
    );
  });

  test('entries were deleted, the others renumbered or not', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, fc.boolean(), async ({ size, first, last, step }, renumber) => {
        const left = committed(size).filter(({ at }) => at < first || at > last);
        await assertFound(size, renumber ? renumbered(left) : left, { missing: [{ first, last }] }, step);
      }),
    );
  });

  test('entries were put in, the later ones renumbered', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, async ({ size, first, last, step }) => {
        const all = committed(size);
        const forged = Array.from({ length: last - first + 1 }, (_, at) => ({ at, hash: `forged ${at}` }));
        const entries = renumbered([...all.slice(0, first), ...forged, ...all.slice(first)]);
        await assertFound(size, entries, { inserted: [{ first, last }] }, step);
      }),
    );
  });

  test('an index was taken twice, by a forged entry or a copy of any other', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, fc.nat(), fc.boolean(), async ({ size, first, step }, from, before) => {
        const copy = { at: first, hash: from % 3 === 0 ? 'forged' : `leaf ${from % size}` };
        const all = committed(size);
        const at = before ? first : first + 1;
        await assertFound(
          size,
          [...all.slice(0, at), copy, ...all.slice(at)],
          { inserted: [{ first, last: first }] },
          step,
        );
      }),
    );
  });

  test('a copy stands before the entry it is of, and the two are read one after the other', async () => {
    for (const step of [1, 2, 3]) {
      const entries = [
        { at: 0, hash: 'leaf 0' },
        { at: 0, hash: 'leaf 1' },
        { at: 1, hash: 'leaf 1' },
      ];
      await assertFound(2, entries, { inserted: [{ first: 0, last: 0 }] }, step);
    }
  });

  test('two entries took each other’s place', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, async ({ size, first, last, step }) => {
        fc.pre(first !== last);
        const entries = committed(size).map(({ at, hash }) => {
          if (at === first) return { at, hash: `leaf ${last}` };
          return at === last ? { at, hash: `leaf ${first}` } : { at, hash };
        });
        await assertFound(size, entries, { reordered: [[first, last]] }, step);
      }),
    );
  });

  test('an entry was moved, the others renumbered', async () => {
    await fc.assert(
      fc.asyncProperty(stretch, async ({ size, first, last, step }) => {
        fc.pre(last > first);
        const all = committed(size);
        const [moved] = all.splice(first, 1);
        all.splice(last, 0, moved ?? { at: -1, hash: null });
        const { touched: _, ...found } = await displacement(size, renumbered(all), step);
        // A move by one place is told from either side.
        assert.deepEqual(found, { ...nothing, reordered: [[first, last]] });
      }),
    );
  });

  test('entries were edited, deleted and put in at places far enough apart', async () => {
    const places = fc.record({
      edited: fc.integer({ min: 10, max: 40 }),
      missing: fc.integer({ min: 60, max: 90 }),
      inserted: fc.integer({ min: 110, max: 140 }),
      step: fc.integer({ min: 1, max: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(places, async ({ edited, missing, inserted, step }) => {
        const all = committed(200);
        all[edited] = { at: edited, hash: 'forged' };
        all.splice(inserted, 0, { at: -1, hash: 'put in' });
        all.splice(missing, 1);
        await assertFound(
          200,
          renumbered(all),
          {
            edited: [{ first: edited, last: edited }],
            missing: [{ first: missing, last: missing }],
            // Everything after the deletion stands one index lower.
            inserted: [{ first: inserted - 1, last: inserted - 1 }],
          },
          step,
        );
      }),
    );
  });
});

describe('stretches longer than what is looked ahead', () => {
  const size = 300_000;
  const long = { first: 1000, last: 200_999 };
  const inside = ({ at }: PlacedHash): boolean => at >= long.first && at <= long.last;

  test('deleted, the others renumbered', async () => {
    const left = renumbered(committed(size).filter((item) => !inside(item)));
    await assertFound(size, left, { missing: [long] }, 1000);
  });

  test('put in, the later ones renumbered', async () => {
    const all = committed(size);
    const forged = committed(size)
      .filter(inside)
      .map(({ at }) => ({ at, hash: `forged ${at}` }));
    const entries = renumbered([...all.slice(0, long.first), ...forged, ...all.slice(long.first)]);
    await assertFound(size, entries, { inserted: [long] }, 1000);
  });

  test('edited', async () => {
    const entries = committed(size).map((item) => (inside(item) ? { at: item.at, hash: `forged ${item.at}` } : item));
    await assertFound(size, entries, { edited: [long] }, 1000);
  });

  test('every third entry edited: one problem in the end, and memory for it', async () => {
    const entries = committed(size).map((item) =>
      item.at % 3 === 0 ? { at: item.at, hash: `forged ${item.at}` } : item,
    );
    const { edited, missing, inserted, reordered } = await displacement(size, entries, 1000);
    assert.equal(edited.length, size / 3);
    assert.deepEqual([missing, inserted, reordered], [[], [], []]);
  });
});
