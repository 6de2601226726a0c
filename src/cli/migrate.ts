import { Command } from 'commander';
import { readConfig } from '../config.js';
import { openDatabase } from '../ground.js';
import { say } from './progress.js';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database to this version, as its owner (DATABASE_URL), and end.')
    .action(async () => {
      const access = await openDatabase(readConfig(process.env), say);
      await access.stop();
      say('the database is at this version');
    });
}
