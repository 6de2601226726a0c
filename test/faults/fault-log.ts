import { join } from 'node:path';
import { Clock, systemActor } from '../../src/context.js';
import { Database } from '../../src/database/database.js';
import { makePartitions } from '../../src/ground.js';
import { SourceRefusals } from '../../src/ingestion/refusals.js';
import { SourceHealths } from '../../src/ingestion/source-health.js';
import { NewSource, Sources } from '../../src/ingestion/sources.js';
import type { Verifier } from '../../src/log/core/note.js';
import { initialiseLog, Log } from '../../src/log/log.js';
import { loadSigningKey } from '../../src/log/signing-key.js';
import { Metrics } from '../../src/metrics.js';

export const faultSource = 'cluster-a';

/** What the outside knows of a log before the service has ever run on it. */
export interface FaultLog {
  readonly verifier: Verifier;
  readonly verifierKey: string;
  /** Of the source {@link faultSource}. */
  readonly token: string;
}

/** Makes the log, its key in the data folder, and a source with its token, as a first start would. */
export async function makeFaultLog(serviceUrl: string, dataDirectory: string): Promise<FaultLog> {
  const database = await Database.connect(serviceUrl, { poolSize: 2, applicationName: 'segproof-fault-test' });
  try {
    const origin = await initialiseLog(database, undefined);
    const signer = loadSigningKey(join(dataDirectory, 'keys', 'log-signing-key.pem'), origin, true);
    const clock = new Clock();
    await makePartitions(database, clock);
    const log = new Log(database, signer, () => clock.now());
    const sources = new Sources(
      database,
      log,
      new SourceRefusals(database, clock, new Metrics()),
      new SourceHealths(database, clock),
    );
    const { token } = await sources.create(systemActor, NewSource.parse({ name: faultSource }));
    return { verifier: signer.verifier, verifierKey: log.verifierKey, token };
  } finally {
    await database.close();
  }
}

const long = Number(process.env['SEGPROOF_LONG_FAULTS'] ?? 0);

/** How often a fault is made: `usual` times, or `many` times as often as SEGPROOF_LONG_FAULTS says. */
export function times(usual: number, many: number): number {
  return long > 0 ? many * long : usual;
}

/** When a test stops making faults, so that a busy machine makes fewer instead of taking for ever; never in a long run. */
export function faultsEnd(seconds: number): number {
  return long > 0 ? Infinity : Date.now() + seconds * 1000;
}
