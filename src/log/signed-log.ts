import { accessSync, constants, existsSync } from 'node:fs';
import type { Database } from '../database/database.js';
import type { Verifier } from './core/note.js';
import { knownVerifiers, newestKey, registerFirstKey } from './keys.js';
import { Log } from './log.js';
import { loadSigningKey, SigningKeyError } from './signing-key.js';
import { SigningGuard } from './signing-guard.js';
import { SigningState, type Stop } from './signing-state.js';

export interface SignedLogOptions {
  readonly origin: string;
  readonly keyFile: string;
  /** Makes the key when the file is not there. */
  readonly makeKey: boolean;
  /** Where the signer remembers what the database might forget. */
  readonly stateFolder: string;
  readonly anchorDirectory: string | undefined;
  readonly now: () => Date;
  readonly onChange: (stop: Stop | null) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Opens the log for a process of the service: with its key, the keys before it, and a guard that holds it against
 * what was signed before. A key that another process brought into use is taken up within a second.
 * @throws SigningKeyError, SigningStateError
 */
export async function openSignedLog(database: Database, options: SignedLogOptions): Promise<Log> {
  const { origin, keyFile, now } = options;
  const signer = loadSigningKey(keyFile, origin, options.makeKey);
  const registered = await registerFirstKey(database, signer, now());
  let verifiers: readonly Verifier[] = await knownVerifiers(database, [signer.verifier]);
  const guard = new SigningGuard({
    database,
    origin,
    now,
    verifiers: () => verifiers,
    state: new SigningState(writable(options.stateFolder)),
    anchorDirectory: options.anchorDirectory,
    onChange: options.onChange,
    onError: options.onError,
    onPoll: async () => {
      verifiers = await knownVerifiers(database, verifiers);
      if ((await newestKey(database)) === log.verifierKey || !existsSync(keyFile)) return;
      const successor = loadSigningKey(keyFile, origin, false);
      if (
        successor.verifier.text !== log.verifierKey &&
        verifiers.some(({ text }) => text === successor.verifier.text)
      ) {
        log.useSigner(successor);
      }
    },
  });
  const log = new Log(database, signer, now, guard);
  // First: decisions that lifted earlier stops were signed by keys that this one says nothing about, and cannot be read any more.
  if (!registered) {
    await guard.stop(
      'unknown_key',
      `the key ${signer.verifier.text} has never signed this log, and no key that has names it as its successor; put back the right key, or decide for this one`,
    );
  }
  await guard.open();
  return log;
}

function writable(folder: string): string {
  try {
    if (existsSync(folder)) accessSync(folder, constants.W_OK);
    return folder;
  } catch (cause) {
    throw new SigningKeyError(
      `${folder} cannot be written, but what was signed last must be remembered there; set SIGNING_STATE_DIR to a folder that can`,
      { cause },
    );
  }
}
