import { runMigrations as migrateJobQueue } from 'bullmq';
import type { PoolClient } from 'pg';
import { DataSource } from 'typeorm';
import { Roles1795305600001 } from '../../migrations/0001-roles.js';
import { Log1795305600002 } from '../../migrations/0002-log.js';
import { Access1795305600003 } from '../../migrations/0003-access.js';
import { Ingestion1795305600004 } from '../../migrations/0004-ingestion.js';
import { Followers1795305600005 } from '../../migrations/0005-followers.js';
import { Changes1795305600006 } from '../../migrations/0006-changes.js';
import { Evidence1795305600007 } from '../../migrations/0007-evidence.js';
import { LogKeys1795305600008 } from '../../migrations/0008-log-keys.js';
import { Retention1795305600009 } from '../../migrations/0009-retention.js';
import { Witness1795305600010 } from '../../migrations/0010-witness.js';
import { RecordParts1795305600011 } from '../../migrations/0011-record-parts.js';
import { LockOrder1795305600012 } from '../../migrations/0012-lock-order.js';
import { WitnessContradictions1795305600013 } from '../../migrations/0013-witness-contradictions.js';
import { SourceSettings1795305600014 } from '../../migrations/0014-source-settings.js';
import { ReprocessedRecords1795305600015 } from '../../migrations/0015-reprocessed-records.js';
import { RecordSearch1795305600016 } from '../../migrations/0016-record-search.js';
import { SourceSecrets1795305600017 } from '../../migrations/0017-source-secrets.js';
import { Findings1795305600018 } from '../../migrations/0018-findings.js';
import { SourceHealth1795305600019 } from '../../migrations/0019-source-health.js';
import { PolicySystems1795305600020 } from '../../migrations/0020-policy-systems.js';
import { PolicyRegister1795305600021 } from '../../migrations/0021-policy-register.js';
import { WorkloadLabels1795305600022 } from '../../migrations/0022-workload-labels.js';
import { Simulations1795305600023 } from '../../migrations/0023-simulations.js';
import { DriftBaselines1795305600024 } from '../../migrations/0024-drift-baselines.js';
import { ConflictingIds1795305600025 } from '../../migrations/0025-conflicting-ids.js';
import { EarlierForms1795305600026 } from '../../migrations/0026-earlier-forms.js';
import { Figures1795305600027 } from '../../migrations/0027-figures.js';
import { SegmentPhases1795305600028 } from '../../migrations/0028-segment-phases.js';
import { AcceptedBlocks1795305600029 } from '../../migrations/0029-accepted-blocks.js';
import { MissingRecords1795305600030 } from '../../migrations/0030-missing-records.js';
import { RecordSummaries1795305600031 } from '../../migrations/0031-record-summaries.js';
import { RewrittenLabels1795305600032 } from '../../migrations/0032-rewritten-labels.js';

/** All migrations in order; a landed one is never edited. */
export const migrations = [
  Roles1795305600001,
  Log1795305600002,
  Access1795305600003,
  Ingestion1795305600004,
  Followers1795305600005,
  Changes1795305600006,
  Evidence1795305600007,
  LogKeys1795305600008,
  Retention1795305600009,
  Witness1795305600010,
  RecordParts1795305600011,
  LockOrder1795305600012,
  WitnessContradictions1795305600013,
  SourceSettings1795305600014,
  ReprocessedRecords1795305600015,
  RecordSearch1795305600016,
  SourceSecrets1795305600017,
  Findings1795305600018,
  SourceHealth1795305600019,
  PolicySystems1795305600020,
  PolicyRegister1795305600021,
  WorkloadLabels1795305600022,
  Simulations1795305600023,
  DriftBaselines1795305600024,
  ConflictingIds1795305600025,
  EarlierForms1795305600026,
  Figures1795305600027,
  SegmentPhases1795305600028,
  AcceptedBlocks1795305600029,
  MissingRecords1795305600030,
  RecordSummaries1795305600031,
  RewrittenLabels1795305600032,
];

const oldestServer = 150000;

/** The database cannot be used by this version. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}

/**
 * Brings the database to this version's schema, as its owner. Safe when several processes start at
 * once: an advisory lock lets one work while the others wait and then find nothing to do.
 * @throws DatabaseError when the server is older than PostgreSQL 15.
 */
export async function migrate(ownerUrl: string, log: (line: string) => void = () => {}): Promise<void> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: ownerUrl,
    migrations,
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    applicationName: 'segproof-migrate',
    // One connection: the advisory lock belongs to the session that migrates.
    extra: { max: 2 },
  });
  await dataSource.initialize();
  const lock = dataSource.createQueryRunner();
  try {
    const client = (await lock.connect()) as PoolClient; // TypeORM hands out the pg client untyped
    const { rows } = await client.query<{ number: number; version: string }>(
      `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version`,
    );
    const [server] = rows;
    if (server === undefined || server.number < oldestServer) {
      throw new DatabaseError(
        `PostgreSQL 15 or newer is needed, the server is ${server?.version ?? 'of no known version'}`,
      );
    }
    await lock.query(`SELECT pg_advisory_lock(hashtext('segproof migrations'))`);
    const done = await dataSource.runMigrations();
    for (const migration of done) log(`migrated: ${migration.name}`);
    await migrateJobs(client);
  } finally {
    await lock.query(`SELECT pg_advisory_unlock_all()`).catch(() => {});
    await lock.release();
    await dataSource.destroy();
  }
}

/** Schema of the job queues when they live in the database. */
export const jobSchema = 'job_queue';

/** The queue library brings its own tables, in a schema of their own. The service may make the sequence that each queue has, and work with the tables, not change them. */
async function migrateJobs(owner: PoolClient): Promise<void> {
  await migrateJobQueue(owner, jobSchema);
  await owner.query(`
    GRANT USAGE, CREATE ON SCHEMA ${jobSchema} TO segproof_service;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${jobSchema} TO segproof_service;
    -- Each queue's own sequence is made, and so owned, by the service; only the rest are the owner's to grant.
    DO $$ DECLARE own record; BEGIN
      FOR own IN SELECT schemaname, sequencename FROM pg_sequences
        WHERE schemaname = '${jobSchema}' AND pg_has_role(sequenceowner, 'USAGE')
      LOOP
        EXECUTE format('GRANT USAGE, SELECT, UPDATE ON SEQUENCE %I.%I TO segproof_service', own.schemaname, own.sequencename);
      END LOOP;
    END $$;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${jobSchema} TO segproof_service;
  `);
}
