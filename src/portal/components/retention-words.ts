import type { ErasureView } from '../../retention/erasures.js';
import type { HoldView } from '../../retention/holds.js';
import type { RetentionClass } from '../../retention/rules.js';
import { countText, timeText } from './figures.js';

/** What each retention class is made of. */
export const classWords: Readonly<Record<RetentionClass, string>> = {
  flow: 'Flows',
  record: 'Policy changes and other records',
  act: 'Acts of people and of the service',
};

export const erasureStateMarks = {
  requested: { tone: 'warn', word: 'Waits for approval' },
  rejected: { tone: 'quiet', word: 'Rejected' },
  executed: { tone: 'good', word: 'Carried out' },
} as const satisfies Readonly<Record<ErasureView['state'], unknown>>;

export function keepText(keepDays: number | null): string {
  return keepDays === null ? 'for ever' : `${countText(keepDays)} days after the end of their month`;
}

/** `entries 3, 7 to 9 and 12 more ranges`. */
export function rangesText(ranges: readonly (readonly [number, number])[], most = 8): string {
  const shown = ranges
    .slice(0, most)
    .map(([first, last]) => (first === last ? countText(first) : `${countText(first)} to ${countText(last)}`));
  const rest = ranges.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${countText(rest)} more ranges` : ''}`;
}

/** What a hold covers, in words. */
export function scopeText({ retentionClass, source, from, to, indices }: HoldView['scope']): string {
  const parts = [
    retentionClass === null ? null : classWords[retentionClass].toLowerCase(),
    source === null ? null : `of source ${source}`,
    from === null ? null : `from ${timeText(from, 'minute')}`,
    to === null ? null : `before ${timeText(to, 'minute')}`,
    indices === null ? null : `entries ${rangesText(indices.map((index) => [index, index]))}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'the whole log' : parts.join(', ');
}
