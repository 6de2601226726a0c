import { parseCosignatureKey, publicKeyBytes, readCosignatures, type CosignatureVerifier } from './cosignature.js';
import { NoteError, parseVerifierKey, type Verifier } from './note.js';

/**
 * C2SP tlog-policy (c2sp.org/tlog-policy): which logs and witnesses are known, and which of the witnesses must have
 * cosigned a checkpoint (the quorum) for it to count.
 */

/** The file is no policy; the message names the line. */
export class WitnessPolicyError extends Error {
  override readonly name = 'WitnessPolicyError';
}

export interface PolicyLog {
  readonly verifier: Verifier;
  readonly url: string | null;
}

export interface PolicyWitness {
  readonly name: string;
  readonly verifier: CosignatureVerifier;
  /** Submission prefix of C2SP tlog-witness, as written. */
  readonly url: string | null;
}

interface PolicyGroup {
  readonly threshold: number;
  readonly members: readonly string[];
}

export interface WitnessPolicy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  readonly groups: ReadonlyMap<string, PolicyGroup>;
  /** Name of a witness or group; null for `quorum none`. */
  readonly quorum: string | null;
}

const noWitness = 'none';

/**
 * Reads a policy file. Names are octet strings to the specification: they are compared as such, and shown as UTF-8.
 * @throws WitnessPolicyError
 */
export function parseWitnessPolicy(file: Uint8Array): WitnessPolicy {
  const octets = Buffer.from(file);
  const wrong = octets.findIndex((octet) => (octet < 0x20 && octet !== 0x09 && octet !== 0x0a) || octet === 0x7f);
  if (wrong >= 0) {
    throw new WitnessPolicyError(
      `octet ${octets[wrong]} at ${wrong} is not allowed; only tab and newline of the control characters are`,
    );
  }
  const reader = new PolicyReader();
  octets
    .toString('latin1')
    .split('\n')
    .forEach((line, at) => reader.line(line.split(/[\t ]+/u).filter(Boolean), at + 1));
  return reader.policy();
}

class PolicyReader {
  private readonly logs: PolicyLog[] = [];
  private readonly witnesses: PolicyWitness[] = [];
  private readonly groups = new Map<string, PolicyGroup>();
  private readonly names = new Set<string>();
  private readonly members = new Set<string>();
  private quorum: string | null | undefined;
  private number = 0;

  /** Takes the items of the next line. */
  line(items: readonly string[], number: number): void {
    this.number = number;
    const [keyword, ...rest] = items;
    if (keyword === undefined || keyword.startsWith('#')) return;
    switch (keyword) {
      case 'log':
        this.log(rest);
        break;
      case 'witness':
        this.witness(rest);
        break;
      case 'group':
        this.group(rest);
        break;
      case 'quorum':
        this.takeQuorum(rest);
        break;
      default:
        this.fail(`"${shown(keyword)}" is none of log, witness, group, quorum`);
    }
  }

  policy(): WitnessPolicy {
    const { logs, witnesses, groups, quorum } = this;
    if (quorum === undefined)
      throw new WitnessPolicyError('a policy has one quorum line; "quorum none" asks for no witness');
    return { logs, witnesses, groups, quorum };
  }

  private fail(message: string): never {
    throw new WitnessPolicyError(`line ${this.number}: ${message}`);
  }

  private log([key, url, ...more]: readonly string[]): void {
    if (key === undefined || more.length > 0) this.fail('a log line reads: log <vkey> [<url>]');
    const verifier = this.key(key, parseVerifierKey);
    if (this.logs.some((log) => publicKeyBytes(log.verifier.publicKey).equals(publicKeyBytes(verifier.publicKey)))) {
      this.fail('the public key of this log stands on an earlier line');
    }
    this.logs.push({ verifier, url: url ?? null });
  }

  private witness([name, key, url, ...more]: readonly string[]): void {
    if (name === undefined || key === undefined || more.length > 0) {
      this.fail('a witness line reads: witness <name> <vkey> [<url>]');
    }
    this.define(name);
    const verifier = this.key(key, parseCosignatureKey);
    const bytes = publicKeyBytes(verifier.cosigningKey);
    if (this.witnesses.some((witness) => publicKeyBytes(witness.verifier.cosigningKey).equals(bytes))) {
      this.fail('the public key of this witness stands on an earlier line');
    }
    this.witnesses.push({ name, verifier, url: url ?? null });
  }

  private group([name, count, ...members]: readonly string[]): void {
    if (name === undefined || count === undefined || members.length === 0) {
      this.fail('a group line reads: group <name> all|any|<k> <member>...');
    }
    for (const member of members) {
      if (!this.names.has(member)) this.fail(`"${shown(member)}" is no witness or group of an earlier line`);
      if (this.members.has(member)) this.fail(`"${shown(member)}" is a member already; a name may be one only once`);
      this.members.add(member);
    }
    this.define(name);
    this.groups.set(name, { threshold: this.threshold(count, members.length), members });
  }

  private threshold(count: string, members: number): number {
    if (count === 'any') return 1;
    if (count === 'all') return members;
    const threshold = /^(0|[1-9][0-9]{0,8})$/u.test(count) ? Number(count) : Number.NaN;
    if (!(threshold >= 1 && threshold <= members)) {
      this.fail(`the threshold is all, any or a number from 1 to ${members}, got "${shown(count)}"`);
    }
    return threshold;
  }

  private takeQuorum([name, ...more]: readonly string[]): void {
    if (name === undefined || more.length > 0) this.fail('a quorum line reads: quorum <name>');
    if (this.quorum !== undefined) this.fail('a policy has one quorum line only');
    if (name !== noWitness && !this.names.has(name)) {
      this.fail(`"${shown(name)}" is no witness or group of an earlier line`);
    }
    this.quorum = name === noWitness ? null : name;
  }

  private define(name: string): void {
    if (name === noWitness) this.fail('the name none is taken by the specification');
    if (this.names.has(name)) this.fail(`the name "${shown(name)}" stands on an earlier line`);
    this.names.add(name);
  }

  private key<Key>(text: string, parse: (text: string) => Key): Key {
    try {
      return parse(shown(text));
    } catch (error) {
      return this.fail(error instanceof NoteError ? error.message : String(error));
    }
  }
}

/** Text of octets read one by one. */
function shown(octets: string): string {
  return Buffer.from(octets, 'latin1').toString();
}

/** Whether cosignatures by these witnesses (names of the policy) are the quorum. */
export function isQuorum(policy: WitnessPolicy, witnesses: ReadonlySet<string>): boolean {
  const counts = (name: string): boolean => {
    const group = policy.groups.get(name);
    if (group === undefined) return witnesses.has(name);
    return group.members.filter((member) => counts(member)).length >= group.threshold;
  };
  return policy.quorum === null || counts(policy.quorum);
}

/**
 * Names of the policy's witnesses that have cosigned a note.
 * @throws NoteError `malformed`, or `bad_signature` when a witness's cosignature does not fit.
 */
export function witnessesOf(policy: WitnessPolicy, note: string): Set<string> {
  const found = readCosignatures(
    note,
    policy.witnesses.map((witness) => witness.verifier),
  );
  const has = ({ verifier }: PolicyWitness): boolean =>
    found.some(({ name, keyId }) => name === verifier.name && keyId === verifier.keyId);
  return new Set(policy.witnesses.filter(has).map((witness) => witness.name));
}
