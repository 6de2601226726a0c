import { Command } from 'commander';
import { hash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../config.js';
import { cosignerFor, publicKeyBytes, type Cosigner } from '../log/core/cosignature.js';
import type { Verifier } from '../log/core/note.js';
import { loadSigningKey } from '../log/signing-key.js';
import { startWitnessServer } from '../log/witness/server.js';
import { beginWitnessState, WitnessState } from '../log/witness/state.js';
import { acquireProcessLock } from '../postgres/process-lock.js';
import { say } from './progress.js';
import { untilToldToStop } from './signals.js';
import { readVerifierKey } from './verifier-key.js';

interface WitnessFlags {
  readonly state: string;
  readonly key: string;
  readonly log: readonly string[];
  readonly listen: string;
  readonly name?: string;
  readonly newState?: boolean;
}

function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

/** `segproof witness`: cosigns what a log shows it, and never two things that do not fit together. Needs no database. */
export function witnessCommand(): Command {
  return new Command('witness')
    .description('Run a witness (C2SP tlog-witness) that cosigns the checkpoints of logs, apart from the service.')
    .requiredOption('--state <dir>', 'folder for what was cosigned last; never restore an older copy of it')
    .requiredOption('--key <file>', 'Ed25519 private key (PEM, PKCS#8); made on first start')
    .requiredOption('--log <key or file>', 'verifier key of a log to witness (repeatable)', collect)
    .option('--listen <address>', 'address and port to listen on', '127.0.0.1:7380')
    .option('--name <name>', 'name of the witness, e.g. witness.example/one; without it one made from the key')
    .option('--new-state', 'the key has never signed: begin an empty state for it')
    .action(async (flags: WitnessFlags) => {
      const { host, port } = readAddress(flags.listen);
      const logs = flags.log.map(readVerifierKey);
      const stop = untilToldToStop();
      mkdirSync(flags.state, { recursive: true, mode: 0o700 });
      const lock = await acquireProcessLock(join(flags.state, 'lock'));
      try {
        if (flags.newState === true || !existsSync(flags.key)) beginWitnessState(flags.state);
        const cosigner = loadCosigner(flags.key, flags.name);
        assertNoLogKey(cosigner, logs);
        const state = WitnessState.open(flags.state, cosigner.verifier);
        const server = await startWitnessServer({
          cosigner,
          logs,
          state,
          host,
          port,
          now: () => new Date(),
          onError: (error) => say(`a request failed: ${error instanceof Error ? error.message : String(error)}`),
        });
        console.log(`witness key: ${cosigner.verifier.text}`);
        console.log(`listening: ${server.url}`);
        console.log('ready');
        await stop;
        await server.close();
      } finally {
        lock.release();
      }
    });
}

function readAddress(text: string): { host: string; port: number } {
  const [, host, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/u.exec(text)?.filter((part) => part !== undefined) ?? [];
  if (host === undefined || port === undefined || Number(port) > 65535) {
    throw new ConfigError(`--listen takes an address and a port like 127.0.0.1:7380 or [::1]:7380, got ${text}`);
  }
  return { host, port: Number(port) };
}

function loadCosigner(file: string, name: string | undefined): Cosigner {
  // The name is no part of the key file; it is settled once the key is known.
  const { privateKey, verifier } = loadSigningKey(file, 'witness', true);
  const fingerprint = hash('sha256', publicKeyBytes(verifier.publicKey), 'hex').slice(0, 8);
  return cosignerFor(name ?? `localhost/segproof-witness/${fingerprint}`, privateKey);
}

function assertNoLogKey({ verifier }: Cosigner, logs: readonly Verifier[]): void {
  const own = publicKeyBytes(verifier.cosigningKey);
  const same = logs.find((log) => publicKeyBytes(log.publicKey).equals(own));
  if (same !== undefined) {
    throw new ConfigError(
      `the key is also that of the log ${same.name}; a witness has a key of its own, kept elsewhere`,
    );
  }
}
