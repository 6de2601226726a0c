import type { Cause, FindingKind } from './finding.js';

/**
 * Looks for what needs a person. It gives everything of its kinds that is the case now: what it no longer gives is
 * closed. It reads the database alone, and gives the same causes for the same state.
 */
export interface Finder {
  readonly kinds: readonly FindingKind[];
  find(now: Date): Promise<readonly Cause[]>;
}

/** Injection token of all finders. */
export const FINDERS = Symbol('finders');
