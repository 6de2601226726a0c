import { Command } from 'commander';
import { readConfig } from '../config.js';
import { systemActor } from '../context.js';
import { openGround } from '../ground.js';
import { actEntry } from '../log/act.js';
import { makeLogger } from '../logger.js';
import { progressLine, say } from './progress.js';

export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description('Empty what followers derived from the log and derive it again from index 0.')
    .argument('[follower...]', 'records, inventory, policies; all of them when none is named')
    .action(async (names: string[]) => {
      const config = readConfig(process.env);
      const ground = await openGround(config, makeLogger(config), { progress: say, beside: true });
      try {
        const all = [...(await ground.followers.positions()).keys()];
        for (const name of names.length > 0 ? names : all) {
          const { size } = await ground.log.head();
          const progress = progressLine(name);
          await ground.followers.rebuild(name, (next) => progress(Math.min(next, size), size));
          await ground.log.transact(async ({ append }) => {
            await append(actEntry('follower.rebuilt', systemActor, { follower: name, size }));
          });
          console.log(`${name}: rebuilt from ${size} entries`);
        }
      } finally {
        await ground.close();
      }
    });
}
