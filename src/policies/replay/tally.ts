import { createHash } from 'node:crypto';
import {
  edgeClasses,
  replayVersion,
  uncertainReasons,
  type EdgeClass,
  type EdgeOutcome,
  type RecordedEdge,
  type UncertainReason,
} from './replay.js';

export interface Count {
  readonly edges: number;
  readonly flows: number;
}

/** Figures of a replay. The classes add up to `total`, the reasons to the class `uncertain`. */
export interface ReplayFigures {
  readonly total: Count;
  readonly classes: Readonly<Record<EdgeClass, Count>>;
  readonly reasons: Readonly<Record<UncertainReason, Count>>;
  /** SHA-256 (hex) of the edges in the order given: another input gives another one. */
  readonly edgesDigest: string;
  /** SHA-256 (hex) of version, edges and what became of each, explanations included. */
  readonly resultDigest: string;
}

/** Sums up what became of edges, and digests both; takes them one by one and keeps none. */
export class ReplayTally {
  private readonly total = { edges: 0, flows: 0 };
  private readonly classes = zeros(edgeClasses);
  private readonly reasons = zeros(uncertainReasons);
  private readonly edges = createHash('sha256');
  private readonly results = createHash('sha256').update(`${replayVersion}\n`);
  private edgeLines: string[] = [];
  private resultLines: string[] = [];

  /** Edges MUST come in one order for equal inputs to give equal digests. `line` is the edge as text, all of it. */
  add(edge: RecordedEdge, outcome: EdgeOutcome, line: string = lineOf(edge)): void {
    const { flows } = edge;
    const counts = [this.total, this.classes[outcome.class]];
    if (outcome.class === 'uncertain') counts.push(this.reasons[outcome.reason]);
    for (const count of counts) {
      count.edges++;
      count.flows += flows;
    }
    this.edgeLines.push(line);
    this.resultLines.push(line, outcomeText(outcome));
    if (this.edgeLines.length >= linesAtOnce) this.flush();
  }

  /** The figures; nothing can be added afterwards. */
  finish(): ReplayFigures {
    this.flush();
    return {
      total: this.total,
      classes: this.classes,
      reasons: this.reasons,
      edgesDigest: this.edges.digest('hex'),
      resultDigest: this.results.digest('hex'),
    };
  }

  private flush(): void {
    if (this.edgeLines.length === 0) return;
    this.edges.update(`${this.edgeLines.join('\n')}\n`);
    this.results.update(`${this.resultLines.join('\n')}\n`);
    this.edgeLines = [];
    this.resultLines = [];
  }
}

const linesAtOnce = 1000;

function lineOf({ source, destination, protocol, port, flows }: RecordedEdge): string {
  return JSON.stringify([source, destination, protocol, port, flows]);
}

function outcomeText(outcome: EdgeOutcome): string {
  if (outcome.class === 'uncertain') return outcome.reason;
  return 'before' in outcome ? JSON.stringify(outcome) : outcome.class;
}

function zeros<Key extends string>(keys: readonly Key[]): Record<Key, { edges: number; flows: number }> {
  const entries = keys.map((key): [Key, { edges: number; flows: number }] => [key, { edges: 0, flows: 0 }]);
  return Object.fromEntries(entries) as Record<Key, { edges: number; flows: number }>; // Made of every key.
}
