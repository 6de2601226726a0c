/** What drift is made of: versions seen, changes approved, baselines accepted, and times of departure. Pure. */

import type { PolicyKey } from '../policies/policy-key.js';

/** A version of a policy as a record showed it came into force; `digest` is null where the record lacks the content. */
export interface VersionSeen extends PolicyKey {
  readonly version: number;
  readonly index: number;
  readonly position: number;
  readonly action: string;
  readonly author: string;
  readonly source: string;
  readonly eventTime: string;
  readonly digest: string | null;
}

/** What an approved change says of one policy. The window is half-open: [windowFrom, windowTo). */
export interface ApprovedItem extends PolicyKey {
  readonly changeId: string;
  /** What people call it: `CHG-12`. */
  readonly change: string;
  readonly position: number;
  readonly action: 'create' | 'update' | 'delete';
  readonly digest: string | null;
  readonly approvedAt: string;
  readonly windowFrom: string;
  readonly windowTo: string;
}

/** What was in force at `at` was accepted as intended, of the policies named or of all (`null`). */
export interface Baseline {
  readonly at: string;
  readonly policies: readonly PolicyKey[] | null;
}

/** Digest of the content; `absent` for a policy that is not there, `unknown` where the record lacks the content. */
export type Content = string;

/** Whence the intended content comes. `version` is the one that holds it, null where nothing is intended to be there. */
export type Origin =
  | { readonly kind: 'first_seen' | 'accepted'; readonly version: VersionSeen | null }
  | { readonly kind: 'not_expected' }
  | { readonly kind: 'change'; readonly item: ApprovedItem };

/** A time during which the content was not the intended one; `until` is null while it lasts. */
export interface Departure {
  readonly policy: PolicyKey;
  readonly since: string;
  readonly until: string | null;
  /** What began it: an edit, or a change whose window ended without it being carried out. */
  readonly by:
    | { readonly kind: 'edit'; readonly version: VersionSeen }
    | { readonly kind: 'not_carried_out'; readonly item: ApprovedItem };
  /** As of now, or of the end. */
  readonly intended: Content;
  readonly origin: Origin;
  readonly observed: Content;
  readonly observedVersion: VersionSeen | null;
  /** All that happened to the policy meanwhile. */
  readonly versions: readonly VersionSeen[];
}
