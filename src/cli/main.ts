import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';
import { exitCodes } from './exit-codes.js';

/** Each verb is loaded when it is called: those that work offline start without the service's modules. */
const verbs: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.js')).startCommand('start', 'all'),
  worker: async () => (await import('./start.js')).startCommand('worker', 'worker'),
  demo: async () => (await import('./demo.js')).demoCommand(),
  migrate: async () => (await import('./migrate.js')).migrateCommand(),
  fsck: async () => (await import('./fsck.js')).fsckCommand(),
  rebuild: async () => (await import('./rebuild.js')).rebuildCommand(),
  keys: async () => (await import('./keys.js')).keysCommand(),
  'resume-signing': async () => (await import('./resume-signing.js')).resumeSigningCommand(),
  normalise: async () => (await import('./normalise.js')).normaliseCommand(),
  verify: async () => (await import('./verify.js')).verifyCommand(),
  proof: async () => (await import('./proof.js')).proofCommand(),
  policies: async () => (await import('./policies/policies.js')).policiesCommand(),
  witness: async () => (await import('./witness.js')).witnessCommand(),
};

/** Errors whose message says all there is to say. By name, as loading their classes would load what throws them. */
const expectedErrors: ReadonlySet<string> = new Set([
  'ConfigError',
  'DatabaseError',
  'SigningKeyError',
  'SigningStateError',
  'EmbeddedPostgresError',
  'LockHeldError',
  'ManifestError',
  'NoteError',
  'Problem',
  'SchemeError',
  'WitnessPolicyError',
  'WitnessStateError',
]);

const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }; // our own file

const program = new Command('segproof')
  .description('Audit and compliance service for micro-segmentation.')
  .version(version)
  .addHelpText('after', exitCodes.help)
  .exitOverride()
  .showHelpAfterError();

const called = process.argv[2];
// Help and a word that is no verb need the names of all.
const wanted = called !== undefined && Object.hasOwn(verbs, called) ? [called] : Object.keys(verbs);
for (const verb of wanted) {
  const load = verbs[verb];
  if (load !== undefined) program.addCommand(await load());
}
for (const command of program.commands.flatMap((one) => [one, ...one.commands])) command.exitOverride();

/** Commands that run until they are told to stop. */
const lasting: ReadonlySet<string | undefined> = new Set(['start', 'worker', 'demo', 'witness']);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Who reads the output has seen enough (`segproof normalise FILE | head`).
  if (error.code === 'EPIPE' && !lasting.has(called)) process.exit();
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  else {
    const expected = error instanceof Error && expectedErrors.has(error.name);
    const noFile = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    console.error((expected || noFile) && error instanceof Error ? `segproof: ${error.message}` : error);
    process.exitCode = exitCodes.failed;
  }
}
