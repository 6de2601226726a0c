import { hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';
import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Role, type Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';
import { User } from './user.entity.js';

export const NewUser = z.object({
  name: z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^[a-z0-9][a-z0-9._@-]{1,99}$/u, 'letters, digits, ".", "_", "@" and "-", 2 to 100 of them'),
  displayName: z.string().trim().min(1).max(200),
  roles: z.array(Role).min(1).max(4),
  password: z.string().min(12, 'at least 12 characters').max(200),
});
export type NewUser = z.infer<typeof NewUser>;

export const UserView = z.object({
  id: z.string(),
  name: z.string(),
  displayName: z.string(),
  roles: z.array(Role),
  createdAt: z.string(),
});
export type UserView = z.infer<typeof UserView>;

/** argon2id with the OWASP minimum of 2024: 19 MiB, two passes, one lane. */
const argon2Options = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

@Injectable()
export class Users {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** @throws Problem `conflict` when the name is taken. */
  async create(actor: Actor, input: NewUser): Promise<UserView> {
    const passwordHash = await argon2Hash(input.password, argon2Options);
    return await this.log.transact(async ({ transaction, now, append }) => {
      const id = uuidText(uuidv7Bytes(now.getTime()));
      const inserted = await transaction.query<{ id: string }>(
        `INSERT INTO users (id, name, display_name, roles, password_hash, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING RETURNING id`,
        [id, input.name, input.displayName, input.roles, passwordHash, now],
      );
      if (inserted.length === 0)
        throw new Problem('conflict', `There is a user ${input.name} already; choose another name.`);
      await append(
        actEntry('access.user_created', actor, {
          user: { id, name: input.name, displayName: input.displayName, roles: input.roles },
        }),
      );
      return { id, name: input.name, displayName: input.displayName, roles: input.roles, createdAt: now.toISOString() };
    });
  }

  async list(): Promise<UserView[]> {
    const users = await this.database.dataSource.getRepository(User).find({ order: { name: 'ASC' } });
    return users.map((user) => ({
      id: user.id,
      name: user.name,
      displayName: user.displayName,
      roles: z.array(Role).parse(user.roles),
      createdAt: user.createdAt.toISOString(),
    }));
  }

  /** The user with this name and password, or null; takes as long for unknown names as for known ones. */
  async verify(name: string, password: string): Promise<User | null> {
    const user = await this.database.dataSource.getRepository(User).findOneBy({ name: name.trim().toLowerCase() });
    const stored = user?.passwordHash ?? (await unknownUserHash);
    const fits = await argon2Verify(stored, password);
    return fits && user !== null && user.disabledAt === null ? user : null;
  }

  /**
   * Makes the first administrator when there are no users at all, and returns the password, which is
   * shown once and stored nowhere; null when there are users.
   */
  async createFirstAdmin(actor: Actor): Promise<{ name: string; password: string } | null> {
    const [row] = await this.database.query<{ present: boolean }>('SELECT EXISTS (SELECT 1 FROM users) AS present');
    if (row?.present === true) return null;
    const password = randomBytes(15).toString('base64url');
    try {
      await this.create(actor, { name: 'admin', displayName: 'Administrator', roles: ['admin'], password });
    } catch (error) {
      // Another process that started at the same moment was first.
      if (error instanceof Problem && error.code === 'conflict') return null;
      throw error;
    }
    return { name: 'admin', password };
  }
}

/** Compared with for unknown names, so that timing does not tell them apart. */
const unknownUserHash = argon2Hash(randomBytes(16).toString('hex'), argon2Options);
