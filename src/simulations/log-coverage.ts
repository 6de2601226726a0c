/** How much of a period the records cover: what never arrived is in no figure, so how long that was is said beside them. */

/** Minutes with records of one source, as stretches without a silence in between; seconds since 1970, ends exclusive. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface LogGap {
  readonly from: string;
  readonly to: string;
  readonly minutes: number;
}

/** Of one source. The gaps are all of them longer than its limit; covered and gap minutes add up to those expected. */
export interface SourceCoverage {
  readonly source: string;
  readonly silenceAfterSeconds: number;
  /** The limit is that of sources for which none is set. */
  readonly limitAssumed: boolean;
  readonly expectedMinutes: number;
  readonly coveredMinutes: number;
  readonly minutesWithRecords: number;
  readonly gaps: readonly LogGap[];
}

/** For sources without a silence limit of their own. */
export const assumedSilenceSeconds = 86_400;

export interface SourceSpeech {
  readonly source: string;
  readonly silenceAfterSeconds: number | null;
  /** The minute of its first record ever. */
  readonly firstRecord: number;
  readonly minutesWithRecords: number;
  /** In order, not touching. */
  readonly stretches: readonly Stretch[];
}

/**
 * A source is expected to speak from the beginning of the period, or from its first record where that is later, until
 * `to`. A time without records that is longer than its silence limit is a gap. Null where it had nothing to say yet.
 */
export function coverageOf(speech: SourceSpeech, from: number, to: number): SourceCoverage | null {
  const limit = speech.silenceAfterSeconds ?? assumedSilenceSeconds;
  const begin = Math.max(from, speech.firstRecord);
  if (begin >= to) return null;
  const gaps: LogGap[] = [];
  let last = begin;
  let missing = 0;
  for (const stretch of [...speech.stretches, { from: to, to }]) {
    if (stretch.from - last > limit) {
      gaps.push({ from: textOf(last), to: textOf(stretch.from), minutes: minutes(stretch.from - last) });
      missing += stretch.from - last;
    }
    last = Math.max(last, stretch.to);
  }
  return {
    source: speech.source,
    silenceAfterSeconds: limit,
    limitAssumed: speech.silenceAfterSeconds === null,
    expectedMinutes: minutes(to - begin),
    coveredMinutes: minutes(to - begin) - minutes(missing),
    minutesWithRecords: speech.minutesWithRecords,
    gaps,
  };
}

function minutes(seconds: number): number {
  return Math.round(seconds / 60);
}

function textOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
