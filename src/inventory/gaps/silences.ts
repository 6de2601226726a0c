/** A record's arrival. */
export interface Arrival {
  /** Index of the entry in the log. */
  readonly index: number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly receivedAt: number;
}

/** A time in which a source that was to send sent nothing. */
export interface Silence {
  /** Arrival of the last record before it, in milliseconds since 1970. */
  readonly start: number;
  /** Arrival of the record that ended it; null while it lasts. */
  readonly end: number | null;
  /** Indices of the entries on either side of it; one while it lasts. */
  readonly evidence: readonly number[];
}

/**
 * Silences longer than `silenceAfterSeconds`, oldest first; the last may be open at `now` (milliseconds since 1970).
 * Arrivals come in the order of the log; one that was received before its predecessor, by another process whose clock
 * is behind, ends no later silence and starts none. A source that never sent has no silence: nothing says when it was to begin.
 */
export function findSilences(arrivals: readonly Arrival[], silenceAfterSeconds: number, now: number): Silence[] {
  const limit = silenceAfterSeconds * 1000;
  const silences: Silence[] = [];
  let last: Arrival | undefined;
  for (const arrival of arrivals) {
    if (last !== undefined && arrival.receivedAt - last.receivedAt > limit)
      silences.push({ start: last.receivedAt, end: arrival.receivedAt, evidence: [last.index, arrival.index] });
    if (last === undefined || arrival.receivedAt >= last.receivedAt) last = arrival;
  }
  if (last !== undefined && now - last.receivedAt > limit)
    silences.push({ start: last.receivedAt, end: null, evidence: [last.index] });
  return silences;
}
