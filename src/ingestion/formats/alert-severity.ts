/** Words of alerts on the syslog scale (RFC 5424): 0 emergency to 7 debug. */
const words: ReadonlyMap<string, number> = new Map([
  ['emergency', 0],
  ['alert', 1],
  ['critical', 2],
  ['crit', 2],
  ['fatal', 2],
  ['page', 2],
  ['high', 3],
  ['error', 3],
  ['err', 3],
  ['major', 3],
  ['medium', 4],
  ['moderate', 4],
  ['warning', 4],
  ['warn', 4],
  ['minor', 5],
  ['low', 5],
  ['notice', 5],
  ['informational', 6],
  ['information', 6],
  ['info', 6],
  ['none', 6],
  ['debug', 7],
]);

/** How bad a word says it is; null for a word that says nothing. */
export function severityOfWord(word: string | null): number | null {
  return word === null ? null : (words.get(word.trim().toLowerCase()) ?? null);
}
