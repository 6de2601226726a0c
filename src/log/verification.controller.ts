import { Controller, Get, Inject, SerializeOptions } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Needs } from '../access/guard.js';
import { Database } from '../database/database.js';
import { parseVerifierKey } from './core/note.js';
import { listKeys } from './keys.js';
import { Log } from './log.js';
import { Verification, type PastVerification } from './verification.js';

const VerificationView = z.object({
  /** The whole log, or what came after the verification before. */
  kind: z.enum(['full', 'incremental']),
  startedAt: z.string(),
  finishedAt: z.string(),
  /** Entries of the log then. */
  size: z.number().int(),
  /** Entries read and hashed; null for one made before this was kept. */
  entries: z.number().int().nullable(),
  intact: z.boolean(),
  /** Each as `class at position: what was found`. */
  problems: z.array(z.string()),
  /** What could not be verified because a key is missing; says nothing about the log. */
  unverifiable: z.array(z.string()),
});
const VerificationList = z.object({ verifications: z.array(VerificationView) });
type VerificationList = z.infer<typeof VerificationList>;

const KeyList = z.object({
  keys: z.array(
    z.object({
      /** `name+id+base64` (C2SP signed-note). */
      verifierKey: z.string(),
      inUse: z.boolean(),
      /** The log's size from which on it signs. */
      fromSize: z.number().int(),
      /** The size from which on its successor signs; null for the last one. */
      untilSize: z.number().int().nullable(),
      /** The entry that records it; null for the key the log was started with. */
      recordedIndex: z.number().int().nullable(),
      registeredAt: z.string(),
      /** Whether the key in use vouches for it, by itself or by way of others. */
      vouchedFor: z.boolean(),
    }),
  ),
});
type KeyList = z.infer<typeof KeyList>;

const mostListed = 100;

@ApiTags('log')
@Controller()
export class VerificationController {
  constructor(
    @Inject(Verification) private readonly verification: Verification,
    @Inject(Log) private readonly log: Log,
    @Inject(Database) private readonly database: Database,
  ) {}

  @Get('api/v1/log/verifications')
  @Needs('log.read')
  @SerializeOptions({ schema: VerificationList })
  @ApiOperation({ summary: 'Verifications of the log, newest first' })
  async list(): Promise<VerificationList> {
    return { verifications: (await this.verification.history(mostListed)).map(viewOf) };
  }

  @Get('log/keys')
  @Needs('log.read')
  @SerializeOptions({ schema: KeyList })
  @ApiOperation({ summary: 'Keys that sign the log, in the order they came into use' })
  async keys(): Promise<KeyList> {
    const inUse = this.log.verifierKey;
    const keys = await listKeys(this.database, [parseVerifierKey(inUse)]);
    return {
      keys: keys.map(({ verifier, fromSize, untilSize, entryIndex, registeredAt, vouchedFor }) => ({
        verifierKey: verifier.text,
        inUse: verifier.text === inUse,
        fromSize,
        untilSize,
        recordedIndex: entryIndex,
        registeredAt: registeredAt.toISOString(),
        vouchedFor,
      })),
    };
  }
}

function viewOf(made: PastVerification): z.infer<typeof VerificationView> {
  return {
    ...made,
    startedAt: made.startedAt.toISOString(),
    finishedAt: made.finishedAt.toISOString(),
    intact: made.problems.length === 0,
    problems: [...made.problems],
    unverifiable: [...made.unverifiable],
  };
}
