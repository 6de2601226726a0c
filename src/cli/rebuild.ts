import { Command } from 'commander';
import { readConfig } from '../config.js';
import { systemActor } from '../context.js';
import { openGround } from '../ground.js';
import { NormalForms } from '../inventory/normal-forms.js';
import { actEntry } from '../log/act.js';
import { LogReader } from '../log/read.js';
import { makeLogger } from '../logger.js';
import { progressLine, say } from './progress.js';

export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description(
      'Empty what followers derived from the log and derive it again from index 0. What a newer parser reads otherwise than an earlier one is kept beside it.',
    )
    .argument('[follower...]', 'records, inventory, policies; all of them when none is named')
    .action(async (names: string[]) => {
      const config = readConfig(process.env);
      const ground = await openGround(config, makeLogger(config), { progress: say, beside: true });
      try {
        const all = [...(await ground.followers.positions()).keys()];
        const chosen = names.length > 0 ? names : all;
        if (chosen.includes('records')) {
          const { log, database, followers } = ground;
          const forms = new NormalForms(database, log, new LogReader(database), followers);
          const { records, changed } = await forms.readAgain(systemActor, (done) => {
            if (done % 10_000 === 0) say(`read again: ${done} records`);
          });
          if (records > 0) console.log(`records: ${records} read again by newer parsers, ${changed} of them otherwise`);
        }
        for (const name of chosen) {
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
