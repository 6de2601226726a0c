import type pg from 'pg';

/** What makes a speed honest: the server syncs each commit, and did so while we measured. */
export interface Durability {
  readonly settings: string;
  readonly walSyncs: number;
}

/** @throws Error when the server would acknowledge commits that are not on disk. */
export async function durability(client: pg.Client): Promise<Durability> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version') ORDER BY name`,
  );
  const settings = Object.fromEntries(rows.map((row) => [row.name, row.setting]));
  if (settings['fsync'] !== 'on' || settings['synchronous_commit'] !== 'on') {
    throw new Error('the server does not sync commits; a figure measured on it would be worth nothing');
  }
  return { settings: rows.map((row) => `${row.name}=${row.setting}`).join(' '), walSyncs: await walSyncs(client) };
}

/** WAL syncs since the server's statistics began; a reading of its own view by version. */
export async function walSyncs(client: pg.Client): Promise<number> {
  await client.query('SELECT pg_stat_force_next_flush()').catch(() => {});
  const { rows: version } = await client.query<{ number: number }>(
    `SELECT current_setting('server_version_num')::int AS number`,
  );
  const sql =
    (version[0]?.number ?? 0) >= 180000
      ? `SELECT coalesce(sum(fsyncs), 0) AS syncs FROM pg_stat_io WHERE object = 'wal'`
      : 'SELECT wal_sync AS syncs FROM pg_stat_wal';
  const { rows } = await client.query<{ syncs: string }>(sql);
  return Number(rows[0]?.syncs ?? 0);
}
