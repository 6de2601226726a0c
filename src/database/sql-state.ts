import { DatabaseError } from 'pg';

/** SQLSTATE of a statement that gave up waiting for a lock (lock_timeout). */
export const lockNotAvailable = '55P03';

/** SQLSTATE of a statement that took longer than it may (statement_timeout). */
export const queryCancelled = '57014';

/** What PostgreSQL answered, whoever wrapped it; null for every other error. */
export function databaseErrorIn(error: unknown): DatabaseError | null {
  // TypeORM wraps what the driver threw.
  const cause = error instanceof Error && 'driverError' in error ? error.driverError : error;
  return cause instanceof DatabaseError ? cause : null;
}

/** SQLSTATE of a failed statement; null for every other error. */
export function sqlStateOf(error: unknown): string | null {
  return databaseErrorIn(error)?.code ?? null;
}
