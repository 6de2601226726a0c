import { Command } from 'commander';
import { readConfig } from '../config.js';
import { openGround } from '../ground.js';
import { Checkpoints } from '../log/checkpoints.js';
import { Resume, Signing } from '../log/signing.js';
import { makeLogger } from '../logger.js';
import { exitCodes } from './exit-codes.js';
import { operator } from './operator.js';
import { say } from './progress.js';

interface ResumeFlags {
  readonly reason: string;
  readonly by?: string;
}

export function resumeSigningCommand(): Command {
  return new Command('resume-signing')
    .description('Sign the log again after it was stopped: decide that it stands as it is. The decision is recorded.')
    .requiredOption('--reason <text>', 'what was looked at, and why the log stands')
    .option('--by <name>', 'who decides, for the log; the user of the operating system when not given')
    .action(async (flags: ResumeFlags) => {
      const resume = Resume.safeParse({ reason: flags.reason });
      if (!resume.success) {
        say(`--reason: ${resume.error.issues.map((issue) => issue.message).join('; ')}`);
        process.exitCode = exitCodes.usage;
        return;
      }
      const config = readConfig(process.env);
      const ground = await openGround(config, makeLogger(config), { progress: say, beside: true });
      try {
        const signing = new Signing(ground.database, ground.log);
        const { stopped } = signing.state();
        if (stopped !== null) console.log(`stopped: ${stopped.at} ${stopped.reason}: ${stopped.detail}`);
        await signing.resume(operator(flags.by), resume.data);
        const kept = await new Checkpoints(ground.database, ground.log, ground.clock).keep();
        console.log(`signing: goes on from ${kept.size} entries`);
      } finally {
        await ground.close();
      }
    });
}
