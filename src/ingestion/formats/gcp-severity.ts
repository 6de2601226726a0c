/** LogSeverity of Cloud Logging, on the scale of syslog; `DEFAULT` is none. */
const severities: ReadonlyMap<string, number> = new Map([
  ['DEBUG', 7],
  ['INFO', 6],
  ['NOTICE', 5],
  ['WARNING', 4],
  ['ERROR', 3],
  ['CRITICAL', 2],
  ['ALERT', 1],
  ['EMERGENCY', 0],
]);

export function severityOf(value: unknown): number | null {
  return typeof value === 'string' ? (severities.get(value) ?? null) : null;
}
