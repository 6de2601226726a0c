import { hash } from 'node:crypto';
import { canonicalJson, CanonicalJsonError } from '../log/core/canonical-json.js';
import { policyDigest } from './digest.js';
import { importObject, type PolicyObject } from './import.js';
import { readIntent } from './intent/read.js';

/**
 * Digest (hex) that tells whether two policy objects mean the same: of the canonical policies, tiers and sets where the
 * kind is modelled, otherwise of kind, name and spec as canonical JSON (RFC 8785).
 */
export function objectDigest(object: unknown): string {
  const imported = importObject(object);
  if (imported?.ok === true && saysSomething(imported)) return withExpiries(object, contentDigest(imported));
  const { kind, metadata, spec, specs } = (typeof object === 'object' && object !== null ? object : {}) as Record<
    string,
    unknown
  >; // only read, and only into canonical JSON
  const { namespace, name } = (typeof metadata === 'object' && metadata !== null ? metadata : {}) as Record<
    string,
    unknown
  >; // likewise
  const content = { kind, namespace, name, spec, specs };
  return hash('sha256', canonicalOrPlain(content), 'hex');
}

/** Until when the rules of an intent hold is no part of the policies made from it, and is a part of what it says. */
function withExpiries(object: unknown, digest: string): string {
  const intent = readIntent(object);
  if (!intent.ok) return digest;
  const { expires = null, rules } = intent.value.spec;
  const limited = rules
    .filter((rule) => rule.expires !== undefined)
    .map((rule) =>
      JSON.stringify([rule.from.toSorted(), rule.to.toSorted(), rule.ports?.map(String).sort() ?? null, rule.expires]),
    )
    .sort();
  if (expires === null && limited.length === 0) return digest;
  return hash('sha256', JSON.stringify([digest, expires, limited]), 'hex');
}

function saysSomething({ policies, tiers, networkSets }: PolicyObject): boolean {
  return policies.length + tiers.length + networkSets.length > 0;
}

/** One policy has its own digest; several, and what policies refer to, are digested together whatever their order. */
function contentDigest({ policies, tiers, networkSets }: PolicyObject): string {
  const [first, ...more] = policies;
  if (first !== undefined && more.length === 0) return policyDigest(first);
  const sets = networkSets.map((set) => ({ ...set, cidrs: [...new Set(set.cidrs)].sort() }));
  const content = { policies: policies.map(policyDigest).sort(), tiers, sets };
  return hash('sha256', canonicalOrPlain(content), 'hex');
}

/** Canonical JSON; lone surrogates have no such form, but an object that holds some must have a digest too. */
export function canonicalOrPlain(content: object): string {
  try {
    return canonicalJson(content);
  } catch (error) {
    if (error instanceof CanonicalJsonError) return JSON.stringify(content);
    throw error;
  }
}
