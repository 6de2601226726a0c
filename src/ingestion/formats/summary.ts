/** Makes text fit one line of a table: no control characters, no more than `longest` UTF-16 units, no cut surrogate pair. */
export function oneLine(text: string, longest = 300): string {
  const line = text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  return line.length <= longest ? line : `${line.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
