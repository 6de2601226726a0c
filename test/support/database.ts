import { randomBytes } from 'node:crypto';

import { Client, escapeIdentifier } from 'pg';

import { migrate } from '../../src/database/migrate.js';
import { provisionServiceRole } from '../../src/database/roles.js';
import { openTestServer } from './server.js';

/** How `run.ts` tells the test files about the server and the migrated template it made for them. */
export const runVariables = {
  ownerUrl: 'SEGPROOF_TEST_OWNER_URL',
  superuserUrl: 'SEGPROOF_TEST_SUPERUSER_URL',
  template: 'SEGPROOF_TEST_TEMPLATE',
} as const;

/** A migrated database of a test's own. */
export interface FreshDatabase {
  readonly name: string;
  /** Connects as the role that migrates. */
  readonly ownerUrl: string;
  /** Connects as the restricted role the service runs as. */
  readonly serviceUrl: string;
  /** Connects as superuser, for tests that tamper; undefined when the server was given with a lesser role. */
  readonly superuserUrl: string | undefined;
  /** Removes the database, ending whatever connections are left. */
  drop(): Promise<void>;
}

interface Origin {
  readonly ownerUrl: string;
  readonly superuserUrl: string | undefined;
  readonly template: string | undefined;
}

let origin: Promise<Origin> | undefined;
let made = 0;

/**
 * Makes a new, migrated, empty database: a copy of the template of the test run, or, when a file runs by itself, one
 * migrated from nothing on DATABASE_URL or an embedded server started for this process.
 *
 * @param t given, the database is dropped when that test ends; else the caller drops it.
 * @example
 * test('keeps receipts', async (t) => {
 *   const { serviceUrl } = await freshDatabase(t);
 * });
 */
export async function freshDatabase(t?: { after(work: () => Promise<void>): void }): Promise<FreshDatabase> {
  origin ??= findOrigin();
  const { ownerUrl, superuserUrl, template } = await origin;
  made += 1;
  const name = `${template ?? `segproof_test_${randomBytes(6).toString('hex')}`}_${process.pid}_${made}`;
  // The superuser may end the service's connections that a test left open; the owner may not.
  const drop = (): Promise<void> => dropDatabase(superuserUrl ?? ownerUrl, name);
  await createDatabase(ownerUrl, name, template);
  try {
    const url = inDatabase(ownerUrl, name);
    if (template === undefined) await migrate(url);
    const serviceUrl = await provisionServiceRole(url);
    t?.after(drop);
    return { name, ownerUrl: url, serviceUrl, superuserUrl: superuserUrl && inDatabase(superuserUrl, name), drop };
  } catch (error) {
    await drop();
    throw error;
  }
}

/** Makes the migrated database that `freshDatabase` copies, and closes it to everybody else. */
export async function createTemplate(ownerUrl: string): Promise<string> {
  const template = `segproof_test_${randomBytes(6).toString('hex')}`;
  await createDatabase(ownerUrl, template, undefined);
  await migrate(inDatabase(ownerUrl, template));
  await withClient(ownerUrl, (client) =>
    client.query(`ALTER DATABASE ${escapeIdentifier(template)} ALLOW_CONNECTIONS false`),
  );
  return template;
}

/** Drops a template and every copy of it that a test left behind. */
export async function dropTemplate(ownerUrl: string, template: string): Promise<void> {
  // First, since it waits for copies being made, and none can be begun afterwards.
  await dropDatabase(ownerUrl, template);
  const copies = await withClient(ownerUrl, (client) =>
    client.query<{ datname: string }>('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [
      `${template}_`,
    ]),
  );
  for (const { datname } of copies.rows) await dropDatabase(ownerUrl, datname);
}

async function findOrigin(): Promise<Origin> {
  const ownerUrl = process.env[runVariables.ownerUrl];
  if (!ownerUrl) return { ...(await openTestServer()), template: undefined };
  return {
    ownerUrl,
    superuserUrl: process.env[runVariables.superuserUrl] || undefined,
    template: process.env[runVariables.template],
  };
}

async function createDatabase(ownerUrl: string, name: string, template: string | undefined): Promise<void> {
  const from = template === undefined ? '' : ` TEMPLATE ${escapeIdentifier(template)}`;
  await withClient(ownerUrl, (client) => client.query(`CREATE DATABASE ${escapeIdentifier(name)}${from}`));
}

async function dropDatabase(ownerUrl: string, name: string): Promise<void> {
  await withClient(ownerUrl, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`),
  );
}

function inDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
