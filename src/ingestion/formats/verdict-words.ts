import type { Verdict } from '../normal-form.js';

/**
 * What the words mean with which firewalls say what became of a connection. Whole words, any case. `detect`,
 * `alert` and `monitor` say that a rule would have stopped it and did not.
 */
const words: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ...(
    [
      'accept',
      'accepted',
      'allow',
      'allowed',
      'permit',
      'permitted',
      'pass',
      'passed',
      'passthrough',
      'bypass',
      'encrypt',
      'decrypt',
      'vpn routing',
      'close',
      'timeout',
      'start',
      'client-rst',
      'server-rst',
      'success',
      'forward',
      'forwarded',
      'built',
    ] as const
  ).map((word) => [word, 'allow'] as const),
  ...(
    [
      'deny',
      'denied',
      'drop',
      'dropped',
      'drop-icmp',
      'block',
      'blocked',
      'block-url',
      'block-ip',
      'block-continue',
      'blocked by source',
      'blocked by destination',
      'reject',
      'rejected',
      'reset',
      'reset client',
      'reset server',
      'reset both',
      'reset-client',
      'reset-server',
      'reset-both',
      'prevent',
      'prevented',
      'discard',
      'discarded',
      'refuse',
      'refused',
      'terminate',
      'terminated',
      'quarantine',
      'ip-conn',
      'dropped by filter',
      'sinkhole',
    ] as const
  ).map((word) => [word, 'deny'] as const),
  ...(
    [
      'detect',
      'detected',
      'alert',
      'alerted',
      'monitor',
      'monitored',
      'potentially_blocked',
      'potentially blocked',
      'would block',
      'logged',
      'log',
    ] as const
  ).map((word) => [word, 'would_deny'] as const),
]);

/** The verdict a word of a firewall stands for; null for a word that is not known. */
export function verdictOfWord(word: string): Verdict | null {
  return words.get(word.trim().toLowerCase()) ?? null;
}
