/** What happens in the thirty days: the changes as they were planned, reviewed and carried out, and what was not. */

import type { Mismatch } from '../changes/matching.js';
import type { ConnectionId } from './connections.js';
import type { ClusterActor } from './people.js';
import type { EstateSegment } from './segments.js';

/** What a change does to what is allowed. */
export interface Effect {
  readonly isolates?: string;
  readonly allows?: readonly ConnectionId[];
  readonly withdraws?: readonly ConnectionId[];
}

/** Somebody puts something in force; `kubectl diff` asks the API server for a dry run first. */
export interface CarryingOut {
  readonly at: number;
  readonly by: ClusterActor;
  /** What came into force beside what was asked for. */
  readonly alsoAllows?: readonly ConnectionId[];
  readonly dryRunAt?: number;
}

/** How a change was, or was not, authorised: `authorised`, or the class of the mismatch that matching must find. */
export type Outcome = 'authorised' | Mismatch;

/** A change request with all that became of it. Times are milliseconds since 1970. */
export interface PlannedChange {
  readonly key: string;
  readonly title: string;
  readonly reason: string;
  readonly by: string;
  readonly effect: Effect;
  readonly proposedAt: number;
  readonly window: readonly [from: number, to: number];
  readonly review: {
    readonly at: number;
    readonly by: string;
    readonly decision: 'approve' | 'reject';
    readonly comment: string;
  } | null;
  readonly carriedOut: CarryingOut | null;
  /** Of what was carried out; where more was put in force than approved, of the objects that differ. */
  readonly outcome: Outcome;
}

/** A policy edited without any change. */
export interface HandEdit extends CarryingOut {
  readonly effect: Effect;
}

/** A request that the API server refused with 403. */
export interface Refusal {
  readonly at: number;
  readonly by: ClusterActor;
  readonly action: 'delete';
  readonly policy: { readonly namespace: string; readonly name: string };
}

/** A segment enters a phase; policies of an enforcing segment deny from then on. */
export interface PhaseChange {
  readonly at: number;
  readonly segment: string;
  readonly phase: EstateSegment['phase'];
  readonly reason: string;
}

/** One workload tries many ports, or somebody on the internet does. */
export interface Scan {
  readonly at: number;
  readonly from: string;
  readonly targets: readonly string[];
  readonly ports: readonly number[];
}

export interface Story {
  readonly changes: readonly PlannedChange[];
  readonly handEdits: readonly HandEdit[];
  readonly refusals: readonly Refusal[];
  readonly phases: readonly PhaseChange[];
  readonly scans: readonly Scan[];
  /** The source that falls silent, and when. */
  readonly silence: { readonly source: string; readonly from: number };
}
