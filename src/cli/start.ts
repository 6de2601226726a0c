import { Command } from 'commander';
import { Users } from '../access/users.js';
import { readConfig, type Config } from '../config.js';
import { systemActor } from '../context.js';
import { openGround } from '../ground.js';
import { makeLogger } from '../logger.js';
import { startService } from '../main.js';
import { say } from './progress.js';
import { untilToldToStop } from './signals.js';

/** `segproof start` serves everything (or what ROLE says), `segproof worker` only follows the log and runs jobs. */
export function startCommand(name: string, role: Config['ROLE']): Command {
  return new Command(name)
    .description(
      role === 'worker'
        ? 'Follow the log and run jobs, without serving HTTP.'
        : 'Start the service; without DATABASE_URL it starts its own PostgreSQL in DATA_DIR.',
    )
    .action(async () => {
      const environment = readConfig(process.env);
      const config = { ...environment, ROLE: role === 'worker' ? role : environment.ROLE };
      const logger = makeLogger(config);
      const stop = untilToldToStop();
      const ground = await openGround(config, logger, { progress: say });
      try {
        const service = await startService(ground);
        try {
          if (service.url !== null) {
            const admin = await service.app.get(Users).createFirstAdmin(systemActor);
            if (admin !== null) {
              console.log(`first login (shown once): name ${admin.name}, password ${admin.password}`);
            }
            console.log(`portal: ${service.url}`);
          }
          console.log('ready');
          await stop;
          say('stopping: requests taken are answered, then the database is closed');
        } finally {
          await service.stop();
        }
      } finally {
        await ground.close();
      }
      say('stopped');
    });
}
