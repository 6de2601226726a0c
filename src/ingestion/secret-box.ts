import { Inject, Injectable } from '@nestjs/common';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CONFIG, type Config } from '../config.js';

/** The key that seals secrets cannot be used, or what was sealed is not what comes out. */
export class SecretBoxError extends Error {
  override readonly name = 'SecretBoxError';
}

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals secrets that have to be read again, such as those of webhooks, for the database: AES-256-GCM (NIST SP 800-38D) with a key
 * that stays outside of it. A stolen database or back-up gives none of them away.
 */
@Injectable()
export class SecretBox {
  private readonly file: string;
  private key: Buffer | null = null;

  constructor(@Inject(CONFIG) config: Config) {
    this.file = config.SECRETS_KEY_FILE ?? join(config.DATA_DIR, 'keys', 'secrets.key');
  }

  /** @param of what the secret belongs to; must be the same to open it. */
  seal(secret: string, of: string): Buffer {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.loadKey(true), nonce).setAAD(Buffer.from(of));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws SecretBoxError when it was sealed with another key, for something else, or changed. */
  open(sealed: Buffer, of: string): string {
    const nonce = sealed.subarray(0, nonceBytes);
    const decipher = createDecipheriv('aes-256-gcm', this.loadKey(false), nonce, { authTagLength: tagBytes })
      .setAAD(Buffer.from(of))
      .setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
    try {
      return decipher.update(sealed.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
    } catch (cause) {
      throw new SecretBoxError(
        `a secret does not open with the key in ${this.file}; is it the one it was sealed with?`,
        { cause },
      );
    }
  }

  /** Never overwrites: two processes that start at once end up with the same key. */
  private loadKey(make: boolean): Buffer {
    if (this.key !== null) return this.key;
    if (!existsSync(this.file)) {
      if (!make) throw new SecretBoxError(`there is no key at ${this.file}; give the one the secrets were sealed with`);
      mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
      try {
        writeFileSync(this.file, `${randomBytes(keyBytes).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
    }
    const mode = statSync(this.file).mode & 0o777;
    if ((mode & 0o007) !== 0) {
      throw new SecretBoxError(`the key ${this.file} can be read by everybody (mode ${mode.toString(8)}); make it 600`);
    }
    const key = Buffer.from(readFileSync(this.file, 'utf8').trim(), 'base64');
    if (key.length !== keyBytes) throw new SecretBoxError(`${this.file} holds no key of ${keyBytes} bytes in base64`);
    this.key = key;
    return key;
  }
}
