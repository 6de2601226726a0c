/** Counts attempts by key in a sliding window; memory is bounded by forgetting the oldest keys. */
export class AttemptLimit {
  private readonly most: number;
  private readonly windowSeconds: number;
  private readonly attempts = new Map<string, number[]>();
  private static readonly mostKeys = 10_000;

  constructor(options: { readonly most: number; readonly windowSeconds: number }) {
    this.most = options.most;
    this.windowSeconds = options.windowSeconds;
  }

  /** Seconds until another attempt is allowed; 0 when it is allowed now. */
  secondsToWait(key: string, now: Date): number {
    const times = this.recent(key, now);
    const oldest = times[times.length - this.most];
    return oldest === undefined ? 0 : Math.max(1, Math.ceil((oldest - now.getTime()) / 1000 + this.windowSeconds));
  }

  count(key: string, now: Date): void {
    const times = this.recent(key, now);
    times.push(now.getTime());
    this.attempts.delete(key);
    this.attempts.set(key, times);
    if (this.attempts.size > AttemptLimit.mostKeys) {
      const [first] = this.attempts.keys();
      if (first !== undefined) this.attempts.delete(first);
    }
  }

  forget(key: string): void {
    this.attempts.delete(key);
  }

  private recent(key: string, now: Date): number[] {
    const since = now.getTime() - this.windowSeconds * 1000;
    return (this.attempts.get(key) ?? []).filter((time) => time > since);
  }
}
