/**
 * A log's key and the `add-checkpoint` requests signed with it that implementations of witnesses share as test vectors
 * (torchwood, sunlight), to be sent in this order, with what C2SP tlog-witness has a witness answer.
 */

export const vectorOrigin = 'sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562';
export const vectorLogKey = `${vectorOrigin}+5202289b+Af/cLU2Y5BJNP+r3iMDC+av9eWCD0fBJVDfzAux5zxAP`;

export interface WitnessVector {
  readonly what: string;
  readonly request: string;
  readonly status: number;
  /** Body of a 409 answer. */
  readonly size?: string;
}

const hashes = {
  leaf1: 'KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  leaf2: 'KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  leaf3: 'KgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  leaf4: 'KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  almostLeaf2: 'KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABA=',
  leaves0to1: 'wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=',
  leaves2to3: '+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=',
} as const;

const trees = {
  1: {
    root: 'KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    signature: 'UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=',
  },
  3: {
    root: 'RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=',
    signature: 'UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=',
  },
  5: {
    root: 'QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=',
    signature: 'UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=',
  },
} as const;

function request(oldSize: number, proof: readonly (keyof typeof hashes)[], size: keyof typeof trees): string {
  const { root, signature } = trees[size];
  const lines = proof.map((name) => `${hashes[name]}\n`).join('');
  return `old ${oldSize}\n${lines}\n${vectorOrigin}\n${size}\n${root}\n\n— ${vectorOrigin} ${signature}\n`;
}

const to3 = request(1, ['leaf1', 'leaf2'], 3);

export const witnessVectors: readonly WitnessVector[] = [
  { what: 'the first cosignature, at size 1', request: request(0, [], 1), status: 200 },
  { what: 'a signature that does not fit', request: to3.replace('6go=', '6gx='), status: 403 },
  { what: 'an unknown log', request: to3.replaceAll('9e562', '9e563'), status: 404 },
  { what: 'no consistency proof', request: request(1, [], 3), status: 422 },
  { what: 'a wrong consistency proof', request: request(1, ['leaf1', 'almostLeaf2'], 3), status: 422 },
  { what: 'growth to size 3', request: to3, status: 200 },
  {
    what: 'an old size that is behind',
    request: request(1, ['leaf1', 'leaves2to3', 'leaf4'], 5),
    status: 409,
    size: '3\n',
  },
  {
    what: 'growth to size 5',
    request: request(3, ['leaf2', 'leaf3', 'leaves0to1', 'leaf4'], 5),
    status: 200,
  },
  { what: 'an old size of 0 from one that does not know', request: request(0, [], 5), status: 409, size: '5\n' },
];
