import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../config.js';
import { DatabaseError } from '../database/migrate.js';
import { Problem } from '../errors.js';
import { NoteError } from '../log/core/note.js';
import { WitnessPolicyError } from '../log/core/witness-policy.js';
import { SigningKeyError } from '../log/signing-key.js';
import { SigningStateError } from '../log/signing-state.js';
import { WitnessStateError } from '../log/witness/state.js';
import { packageRoot } from '../package-root.js';
import { SchemeError } from '../policies/hygiene/scheme.js';
import { EmbeddedPostgresError } from '../postgres/error.js';
import { LockHeldError } from '../postgres/process-lock.js';
import { demoCommand } from './demo.js';
import { exitCodes } from './exit-codes.js';
import { fsckCommand } from './fsck.js';
import { keysCommand } from './keys.js';
import { migrateCommand } from './migrate.js';
import { normaliseCommand } from './normalise.js';
import { ManifestError } from './policies/manifest-files.js';
import { policiesCommand } from './policies/policies.js';
import { proofCommand } from './proof.js';
import { rebuildCommand } from './rebuild.js';
import { resumeSigningCommand } from './resume-signing.js';
import { startCommand } from './start.js';
import { verifyCommand } from './verify.js';
import { witnessCommand } from './witness.js';

const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }; // our own file

const program = new Command('segproof')
  .description('Audit and compliance service for micro-segmentation.')
  .version(version)
  .addHelpText('after', exitCodes.help)
  .exitOverride()
  .showHelpAfterError();

program.addCommand(startCommand('start', 'all'));
program.addCommand(startCommand('worker', 'worker'));
program.addCommand(demoCommand());
program.addCommand(migrateCommand());
program.addCommand(fsckCommand());
program.addCommand(rebuildCommand());
program.addCommand(keysCommand());
program.addCommand(resumeSigningCommand());
program.addCommand(normaliseCommand());
program.addCommand(verifyCommand());
program.addCommand(proofCommand());
program.addCommand(policiesCommand());
program.addCommand(witnessCommand());
for (const command of program.commands.flatMap((one) => [one, ...one.commands])) command.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  else {
    const expected = [
      ConfigError,
      DatabaseError,
      SigningKeyError,
      SigningStateError,
      EmbeddedPostgresError,
      LockHeldError,
      ManifestError,
      NoteError,
      Problem,
      SchemeError,
      WitnessPolicyError,
      WitnessStateError,
    ].some((known) => error instanceof known);
    const noFile = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    console.error((expected || noFile) && error instanceof Error ? `segproof: ${error.message}` : error);
    process.exitCode = exitCodes.failed;
  }
}
