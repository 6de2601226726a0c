/** What is known of when a source is heard; times are RFC 3339, by the clock of the service. */
export interface Heard {
  /** The longest silence that is normal; null does not watch the source. */
  readonly silenceAfterSeconds: number | null;
  readonly lastReceivedAt: string | null;
  readonly createdAt: string;
}

/**
 * Since when a source has been silent for longer than is normal for it; null while it is not. Judged by when records came, also
 * those nobody could read: what a source's own clock says cannot hide its silence. One that was never heard counts from its creation.
 * @param asOf what is known of the log reaches up to here
 */
export function silentSince({ silenceAfterSeconds, lastReceivedAt, createdAt }: Heard, asOf: string): string | null {
  if (silenceAfterSeconds === null) return null;
  const since = lastReceivedAt ?? createdAt;
  return Date.parse(asOf) - Date.parse(since) > silenceAfterSeconds * 1000 ? since : null;
}
