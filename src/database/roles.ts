import { createHmac } from 'node:crypto';
import pg from 'pg';
import { DatabaseError } from './migrate.js';

/** Login of the running service: a member of `segproof_service`, which may read and insert but not change the log. */
const serviceLogin = 'segproof_app';

/**
 * Makes (or refreshes) the service's own login and returns its connection URL, so that the service
 * never runs with the owner's rights. The password is derived from the owner's, so that every
 * process that holds the owner's URL arrives at the same one and nothing has to be stored.
 * Precondition: the database is migrated.
 * @throws DatabaseError when the owner may not create roles, or the new login is refused.
 */
export async function provisionServiceRole(ownerUrl: string): Promise<string> {
  const url = new URL(ownerUrl);
  const ownerPassword = decodeURIComponent(url.password);
  const password = createHmac('sha256', ownerPassword).update('segproof service login').digest('hex');
  url.username = serviceLogin;
  url.password = password;
  if ((await serviceLoginProblem(url.href)) === null) return url.href;
  const owner = new pg.Client({ connectionString: ownerUrl, application_name: 'segproof-roles' });
  await owner.connect();
  try {
    await owner.query(`SELECT pg_advisory_lock(hashtext('segproof roles'))`);
    // Name and password are constants and hex: no input reaches this text. Roles belong to the whole
    // server, so a start in another database of it may be doing the same at this moment.
    await owner.query(`
      DO $$ BEGIN
        CREATE ROLE ${serviceLogin} LOGIN PASSWORD '${password}';
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$;
    `);
    await retryConcurrent(async () => {
      await owner.query(`ALTER ROLE ${serviceLogin} LOGIN PASSWORD '${password}'`);
      await owner.query(`GRANT segproof_service TO ${serviceLogin}`);
    });
  } catch (cause) {
    throw new DatabaseError(
      `The role of DATABASE_URL could not make the service's login ${serviceLogin} (${cause instanceof Error ? cause.message : String(cause)}). Give it CREATEROLE, or make a login that is a member of segproof_service and set DATABASE_SERVICE_URL.`,
      { cause },
    );
  } finally {
    await owner.end();
  }
  const problem = await serviceLoginProblem(url.href);
  if (problem !== null) {
    throw new DatabaseError(
      `The server refused the service's login ${serviceLogin} (${problem}). Allow it in pg_hba.conf, or set DATABASE_SERVICE_URL.`,
    );
  }
  return url.href;
}

/** Why the login cannot be used, or null when it connects and has the service's rights. */
async function serviceLoginProblem(serviceUrl: string): Promise<string | null> {
  const service = new pg.Client({ connectionString: serviceUrl, application_name: 'segproof-roles' });
  try {
    await service.connect();
    const { rows } = await service.query<{ member: boolean }>(
      `SELECT pg_has_role('segproof_service', 'USAGE') AS member`,
    );
    return rows[0]?.member === true ? null : 'it is no member of segproof_service';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await service.end().catch(() => {});
  }
}

async function retryConcurrent(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const concurrent = error instanceof Error && error.message.includes('tuple concurrently updated');
      if (!concurrent || attempt === 10) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 * attempt));
    }
  }
}
