/** What came of verifying a package: the steps in order, and everything found wrong. */

export const stepNames = [
  'archive',
  'manifest-signature',
  'file-digests',
  'checkpoint-signature',
  'records',
  'citations',
  'totals',
] as const;
export type StepName = (typeof stepNames)[number];

export interface VerificationProblem {
  /** File of the package, or `archive directory`. */
  readonly file: string;
  /** Index in the log of the record concerned. */
  readonly index?: number;
  readonly message: string;
}

export interface VerificationStep {
  readonly name: StepName;
  /** What the step shows when it passes. */
  readonly title: string;
  /** A step whose input another step already found unusable is skipped. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly problems: number;
}

export interface VerificationResult {
  /**
   * `verified`: everything holds. `other_key`: the package is whole, but signed by another key than
   * the one given, so nothing can be said. `failed`: something was changed or does not fit.
   */
  readonly verdict: 'verified' | 'other_key' | 'failed';
  readonly reportId: string | null;
  /** Name and id of the key that was used. */
  readonly key: string;
  readonly log: { readonly origin: string; readonly size: number; readonly rootHash: string } | null;
  /** Records whose digest, leaf and proof hold. */
  readonly recordsVerified: number;
  /** Records whose payload was erased; their leaf and proof hold, their content cannot be checked. */
  readonly recordsErased: number;
  readonly steps: readonly VerificationStep[];
  readonly problems: readonly VerificationProblem[];
}

const titles = {
  archive: 'the archive is in its canonical form and has every file',
  'manifest-signature': 'the manifest is signed by the key given',
  'file-digests': 'every file has the size and SHA-256 of the manifest',
  'checkpoint-signature': 'the checkpoint is signed by the key given and is the one the report names',
  records: 'every record fits its digest, its leaf and its proof to the root of the checkpoint',
  citations: 'the records are those the report cites, all of them and no others',
  totals: 'the totals of the report are the sums of its lists',
} as const satisfies Record<StepName, string>;

export type Report = (problem: VerificationProblem) => void;

/** Gathers problems step by step. */
export class Findings {
  readonly #problems: VerificationProblem[] = [];
  readonly #steps: VerificationStep[] = [];

  get problems(): readonly VerificationProblem[] {
    return this.#problems;
  }

  get steps(): readonly VerificationStep[] {
    return this.#steps;
  }

  /** Files something was found wrong with so far. */
  get damaged(): ReadonlySet<string> {
    return new Set(this.#problems.map((problem) => problem.file));
  }

  /** Runs a step and gives back its outcome; the step fails when it reports anything. */
  step<T>(name: StepName, run: (report: Report) => T): T {
    const before = this.#problems.length;
    const outcome = run((problem) => this.#problems.push(problem));
    const problems = this.#problems.length - before;
    this.#steps.push({ name, title: titles[name], outcome: problems === 0 ? 'passed' : 'failed', problems });
    return outcome;
  }

  skip(name: StepName): void {
    this.#steps.push({ name, title: titles[name], outcome: 'skipped', problems: 0 });
  }
}
