/** Most entries that a form names at once. */
const mostIndices = 100_000;

/**
 * Entries as people write them, `12, 40-58`, ranges with both ends included; ascending and without repetition, or a sentence that
 * says what is wrong.
 */
export function readIndices(text: string): { readonly indices: readonly number[] } | { readonly problem: string } {
  const found = new Set<number>();
  for (const part of text.split(/[\s,;]+/u).filter((one) => one !== '')) {
    const match = /^(\d{1,15})(?:[-–](\d{1,15}))?$/u.exec(part);
    const first = Number(match?.[1] ?? Number.NaN);
    const last = Number(match?.[2] ?? first);
    if (match === null || last < first) {
      return { problem: `Indices and ranges such as 12, 40-58 are needed, got ${part.slice(0, 40)}.` };
    }
    if (found.size + (last - first + 1) > mostIndices)
      return { problem: `At most ${mostIndices} entries are taken at once.` };
    for (let index = first; index <= last; index++) found.add(index);
  }
  if (found.size === 0) return { problem: 'Give at least one entry, such as 12.' };
  return { indices: [...found].toSorted((a, b) => a - b) };
}
