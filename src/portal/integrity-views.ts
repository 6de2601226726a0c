import type { FieldProblems, Shell } from './views.js';

/** What the page about the log's integrity shows. */
export interface IntegrityView {
  readonly shell: Shell;
  readonly signing: {
    /** Null while signing goes on. */
    readonly stopped: { readonly since: string; readonly reason: string; readonly detail: string } | null;
    /** What was signed last, as remembered outside the database; root in base64. */
    readonly lastSigned: { readonly size: number; readonly root: string } | null;
  };
  /** Whether the reader may decide to go on signing, and have the log verified. */
  readonly mayManage: boolean;
  /** Newest first. */
  readonly verifications: readonly VerificationRow[];
  /** In the order they came into use. */
  readonly keys: readonly LogKeyRow[];
  readonly outside: {
    readonly checkpointSize: number | null;
    readonly checkpointAt: string | null;
    /** Names of the witnesses of the policy; empty without one. */
    readonly witnesses: readonly string[];
    /** The largest checkpoint that a quorum of them cosigned. */
    readonly witnessedSize: number | null;
    readonly witnessedAt: string | null;
    /** Where kept checkpoints are written or posted besides. */
    readonly anchors: readonly string[];
  };
  readonly problems: FieldProblems;
  /** What was just asked for; null when the page was only looked at. */
  readonly done: 'verification' | null;
}

export interface VerificationRow {
  readonly kind: 'full' | 'incremental';
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly size: number;
  readonly entries: number | null;
  readonly problems: readonly string[];
  readonly unverifiable: readonly string[];
}

export interface LogKeyRow {
  /** `name+id+base64` (C2SP signed-note). */
  readonly verifierKey: string;
  readonly current: boolean;
  readonly fromSize: number;
  /** Null for the key in use. */
  readonly untilSize: number | null;
  readonly entryIndex: number | null;
  readonly registeredAt: string;
  readonly vouchedFor: boolean;
}
