/** Reading untyped Kubernetes objects with the place of every problem kept, in the API server's path notation. */

import { canonicalJson } from '../../log/core/canonical-json.js';
import type { NotModelled, PolicyProblem } from '../model.js';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Text of a wrong value, short enough for a message. */
export function shown(value: unknown): string {
  let text = nameOf(value);
  try {
    text = JSON.stringify(value) ?? text;
  } catch {
    // A value that is nested too deeply, or in itself, is only named.
  }
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** One text for values that are equal as JSON, whatever the order of members; never throws. */
export function canonicalText(value: unknown): string {
  try {
    return canonicalJson(value);
  } catch {
    // Lone surrogates and numbers that are none have no canonical form, nor has what is nested too deeply.
    return shown(value);
  }
}

/** What the readers of one object found: reasons to refuse it, and what it says beyond the model. */
export class Findings {
  readonly problems: PolicyProblem[] = [];
  readonly notModelled: NotModelled[] = [];
}

/**
 * One value of an object under inspection, with its path. All nodes of an object report into one place, so a reader
 * goes on after a problem and the answer names all of them. `null` reads as absent, as in the API server.
 */
export class Node {
  constructor(
    readonly value: unknown,
    readonly path: string,
    private readonly findings: Findings,
  ) {}

  /** Records a problem at this place. */
  refuse(message: string): void {
    this.findings.problems.push({ path: this.path, message });
  }

  /** Records a problem whose place another reader found. */
  refuseAt(problem: PolicyProblem): void {
    this.findings.problems.push(problem);
  }

  /** Records that what stands here is kept out of the model, and what that does to verdicts. */
  leaveOut(message: string): void {
    this.findings.notModelled.push({ path: this.path, message });
  }

  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** The member `name`, absent when this is no object. */
  field(name: string): Node {
    const value = isFields(this.value) && Object.hasOwn(this.value, name) ? this.value[name] : undefined;
    return new Node(value, this.path === '' ? name : `${this.path}.${name}`, this.findings);
  }

  /** The member names of an object that is there; a problem when the value is something else. */
  keys(): string[] {
    if (!this.present) return [];
    if (isFields(this.value)) return Object.keys(this.value);
    this.refuse(`expected an object, got ${nameOf(this.value)}`);
    return [];
  }

  /** Refuses members other than `known`: a misspelt field would otherwise widen the policy unseen. */
  only(known: readonly string[]): void {
    for (const key of this.keys())
      if (!known.includes(key)) this.field(key).refuse(`unknown field, expected one of ${known.join(', ')}`);
  }

  /** The elements of a list; absent reads as empty. */
  items(): Node[] {
    if (!this.present) return [];
    if (Array.isArray(this.value))
      return this.value.map((item: unknown, at) => new Node(item, `${this.path}[${at}]`, this.findings));
    this.refuse(`expected a list, got ${nameOf(this.value)}`);
    return [];
  }

  /** Text that is there and not empty; `null` and a problem otherwise. */
  text(): string | null {
    if (typeof this.value === 'string' && this.value !== '') return this.value;
    if (!this.present || this.value === '') this.refuse('is required');
    else this.refuse(`expected text, got ${shown(this.value)}`);
    return null;
  }

  /** Text that may be absent or empty; anything else is a problem. */
  optionalText(): string | null {
    return this.present && this.value !== '' ? this.text() : null;
  }

  /** True or false, `fallback` when absent; anything else is a problem. */
  flag(fallback: boolean): boolean {
    if (!this.present) return fallback;
    if (typeof this.value !== 'boolean') this.refuse(`expected true or false, got ${shown(this.value)}`);
    return this.value === true;
  }

  /** One of the given words; `null` and a problem otherwise. */
  oneOf<Word extends string>(words: readonly Word[]): Word | null {
    const word = words.find((candidate) => candidate === this.value);
    if (word !== undefined) return word;
    if (this.present) this.refuse(`expected one of ${words.join(', ')}, got ${shown(this.value)}`);
    else this.refuse(`is required, one of ${words.join(', ')}`);
    return null;
  }

  /** A whole number from `least` to `most`; `null` and a problem otherwise. */
  integer(least: number, most: number): number | null {
    const { value } = this;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.refuse(`expected a whole number from ${least} to ${most}, got ${shown(value)}`);
    return null;
  }
}
