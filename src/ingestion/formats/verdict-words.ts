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
      'passthru',
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
      'trust',
      'trusted',
      'fastpath',
      'exempt',
      'inspect',
      'https inspect',
      'https bypass',
      'authorize',
      'authcrypt',
      'override',
      'continue',
      'pass_session',
      'req_passed',
      'req_cached_fresh',
      'req_cached_validated',
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
      'drop-all',
      'drop-all-packets',
      'random-drop',
      'block-override',
      'override-lockout',
      'interactive block',
      'deauthorize',
      'dropped_session',
      'reset_client',
      'reset_server',
      'clear_session',
      'prohibited',
      'alert_deny',
      'period_block',
      'violation',
      'banned',
      'ban',
      'kickout',
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
      'not blocked',
      'detectonly',
      'detect only',
      'logged',
      'log',
      'log-only',
    ] as const
  ).map((word) => [word, 'would_deny'] as const),
]);

/** The verdict a word of a firewall stands for; null for a word that is not known. */
export function verdictOfWord(word: string): Verdict | null {
  return words.get(word.trim().toLowerCase()) ?? null;
}

/** What gateways note of connections beside letting them through or stopping them (Check Point). */
const notes = /^(?:key install|log ?in|log ?out|update|ctl|info|inform|system alert|ip changed)$/i;

export function decidesNothing(word: string): boolean {
  return notes.test(word.trim());
}

/**
 * The same of what may say more behind the word, or something in front of it: `Blocked by source policy`, `Block/Reset`,
 * `REQ_BLOCKED_SECURITY`. What an `IDS:` would have done, it did not do.
 */
export function verdictOfPhrase(text: string): Verdict | null {
  const whole = verdictOfWord(text);
  if (whole !== null) return whole;
  if (text.startsWith('IDS:')) return 'would_deny';
  return verdictOfWord(/^[A-Za-z]+/.exec(text.replace(/^REQ_/, ''))?.[0] ?? '');
}
