/**
 * The embedded PostgreSQL cannot be started, or another process has it.
 * The message says what was expected, what came and what to do; it is meant for the operator, without a stack.
 */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

/** The code of a failed system call ("ENOENT"), or undefined when the error is no such failure. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
