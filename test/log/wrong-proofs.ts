import { randomBytes } from 'node:crypto';

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Buffer;
  readonly proof: readonly Buffer[];
  readonly root: Buffer;
}

export interface ConsistencyClaim {
  readonly first: number;
  readonly second: number;
  readonly firstRoot: Buffer;
  readonly secondRoot: Buffer;
  readonly proof: readonly Buffer[];
}

export interface Wrong<Claim> {
  readonly how: string;
  readonly claim: Claim;
}

/** The claim made wrong in every simple way; a verifier MUST refuse each. */
export function wrongInclusions(claim: InclusionClaim): Wrong<InclusionClaim>[] {
  return [
    ...wrongLists(claim.proof).map(({ how, claim: proof }) => ({ how, claim: { ...claim, proof } })),
    { how: 'another leaf', claim: { ...claim, leafHash: flipped(claim.leafHash) } },
    { how: 'another root', claim: { ...claim, root: flipped(claim.root) } },
    { how: 'the next index', claim: { ...claim, index: claim.index + 1 } },
    { how: 'the index before', claim: { ...claim, index: claim.index - 1 } },
    { how: 'an index that is no integer', claim: { ...claim, index: claim.index + 0.5 } },
    { how: 'an index at the size', claim: { ...claim, index: claim.size } },
    { how: 'size 0', claim: { ...claim, size: 0 } },
    { how: 'twice the size', claim: { ...claim, size: claim.size * 2 } },
  ];
}

/** As {@link wrongInclusions}, for consistency; meant for 0 < first < second. */
export function wrongConsistencies(claim: ConsistencyClaim): Wrong<ConsistencyClaim>[] {
  return [
    ...wrongLists(claim.proof).map(({ how, claim: proof }) => ({ how, claim: { ...claim, proof } })),
    { how: 'another first root', claim: { ...claim, firstRoot: flipped(claim.firstRoot) } },
    { how: 'another second root', claim: { ...claim, secondRoot: flipped(claim.secondRoot) } },
    { how: 'roots exchanged', claim: { ...claim, firstRoot: claim.secondRoot, secondRoot: claim.firstRoot } },
    { how: 'sizes exchanged', claim: { ...claim, first: claim.second, second: claim.first } },
    { how: 'the next first size', claim: { ...claim, first: claim.first + 1 } },
    { how: 'the first size before', claim: { ...claim, first: claim.first - 1 } },
    { how: 'twice the second size', claim: { ...claim, second: claim.second * 2 } },
    { how: 'a negative first size', claim: { ...claim, first: -claim.first } },
  ];
}

/** Every hash changed, left out and doubled; neighbours exchanged; hashes too many or of another length. */
function wrongLists(proof: readonly Buffer[]): Wrong<readonly Buffer[]>[] {
  const wrong: Wrong<readonly Buffer[]>[] = [
    { how: 'a hash added at the end', claim: [...proof, randomBytes(32)] },
    { how: 'a hash added at the start', claim: [randomBytes(32), ...proof] },
    { how: 'an empty hash added', claim: [...proof, Buffer.alloc(0)] },
  ];
  proof.forEach((hash, at) => {
    wrong.push(
      { how: `hash ${at} changed`, claim: proof.with(at, flipped(hash)) },
      { how: `hash ${at} left out`, claim: proof.toSpliced(at, 1) },
      { how: `hash ${at} doubled`, claim: proof.toSpliced(at, 0, hash) },
      { how: `hash ${at} cut short`, claim: proof.with(at, hash.subarray(0, 31)) },
    );
    const next = proof[at + 1];
    if (next !== undefined && !next.equals(hash)) {
      wrong.push({ how: `hashes ${at} and ${at + 1} exchanged`, claim: proof.with(at, next).with(at + 1, hash) });
    }
  });
  if (proof.length > 0) wrong.push({ how: 'no hashes', claim: [] });
  return wrong;
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy[7] === undefined ? 0 : 7;
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}
