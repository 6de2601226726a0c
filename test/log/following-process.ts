import { Database } from '../../src/database/database.js';
import { InventoryFollower } from '../../src/inventory/inventory-follower.js';
import { RecordsFollower } from '../../src/inventory/records-follower.js';
import { FlowMinutesFollower } from '../../src/inventory/flow-minutes-follower.js';
import { SourceHealthFollower } from '../../src/inventory/source-health-follower.js';
import { WorkloadLabelsFollower } from '../../src/inventory/workload-labels-follower.js';
import { signerFromSeed } from '../../src/log/core/note.js';
import { Followers } from '../../src/log/follower.js';
import { Log } from '../../src/log/log.js';
import { PolicyVersionsFollower } from '../../src/policies/policy-versions-follower.js';
import { testOrigin } from './sample-entries.js';

/*
 * A process that follows a log until it is told to stop by the end of its standard input, beside others that follow the
 * same log. It says when it begins.
 */

const database = await Database.connect(process.argv[2] ?? '', { poolSize: 3, applicationName: 'segproof-follower' });
const log = new Log(database, signerFromSeed(testOrigin, Buffer.alloc(32, 1)), () => new Date());
const followers = new Followers(
  database,
  log,
  [
    new RecordsFollower(),
    new InventoryFollower(),
    new SourceHealthFollower(),
    new PolicyVersionsFollower(),
    new WorkloadLabelsFollower(),
    new FlowMinutesFollower(),
  ],
  {
    now: () => new Date(),
    onError: (follower, error) => console.error(follower, error),
  },
);
followers.start();
process.stdout.write('following\n');
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('end', resolve));
await followers.stop();
await database.close();
