import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { redactionOf, type Redaction } from './redaction.js';
import type { RedactionProfile } from './source-settings.js';

const keyBytes = 32;

/** The redaction key cannot be used. */
export class RedactionKeyError extends Error {
  override readonly name = 'RedactionKeyError';
}

/** The key with which what is redacted is turned into tokens; made on first use, mode 0600, when no file is named. */
@Injectable()
export class RedactionKey {
  private key: Buffer | null = null;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * How a profile redacts; null where it redacts nothing.
   * @throws RedactionKeyError when the key is needed and cannot be used
   */
  redaction(profile: RedactionProfile): Redaction | null {
    if (!profile.secrets && profile.fields.length === 0) return null;
    this.key ??= this.load();
    return redactionOf(profile, this.key);
  }

  private load(): Buffer {
    const { REDACTION_KEY_FILE: given, DATA_DIR } = this.config;
    const file = given ?? join(DATA_DIR, 'keys', 'redaction.key');
    if (!existsSync(file)) {
      if (given !== undefined) throw new RedactionKeyError(`there is no redaction key at ${file}`);
      make(file);
    }
    if ((statSync(file).mode & 0o007) !== 0)
      throw new RedactionKeyError(`the redaction key ${file} can be read by everybody; make its mode 600`);
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
    if (key.length < keyBytes) throw new RedactionKeyError(`${file} does not hold ${keyBytes} bytes in base64`);
    return key;
  }
}

/** Never overwrites: processes that start at once end up with the same key. */
function make(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(4).toString('hex')}.draft`;
  writeFileSync(draft, `${randomBytes(keyBytes).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
}
