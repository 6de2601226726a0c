import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { isPermitted } from '../access/permissions.js';
import type { Actor } from '../context.js';
import { Database, type Transaction } from '../database/database.js';
import { Problem } from '../errors.js';
import { SegmentPhase } from '../inventory/segment-phase.js';
import { Segments, SegmentView } from '../inventory/segments.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { connectionKey } from './blocked.js';
import { criteriaOf, Criterion, CriterionId, isLater, neededFor, phaseAfter } from './criteria.js';
import { PhaseFactsReader, windowDays, type SegmentFacts } from './phase-facts.js';

const Reason = z.string().trim().min(3).max(5000);

export const PhaseMove = z.object({
  phase: SegmentPhase,
  reason: Reason,
  /** Goes on although criteria do not hold; what is missing is recorded. Needs an administrator. */
  override: z.boolean().default(false),
});
export type PhaseMove = z.infer<typeof PhaseMove>;

const Connection = z.object({
  source: z.string().min(1).max(1000),
  destination: z.string().min(1).max(1000),
  protocol: z.string().min(1).max(100),
  port: z.number().int().min(-1).max(65_535),
});

export const BlockedAcceptance = z.object({
  reason: Reason,
  /** Connections that policies may block; each must be one that they do block now. */
  connections: z.array(Connection).min(1).max(1000),
});
export type BlockedAcceptance = z.infer<typeof BlockedAcceptance>;

export const SegmentOnBoard = SegmentView.pick({
  name: true,
  owner: true,
  criticality: true,
  phase: true,
  phaseSince: true,
}).extend({
  daysInPhase: z.number().int(),
  /** The next phase; null when it is enforcing. */
  next: SegmentPhase.nullable(),
  /** What the next phase asks for; of a segment in the last one, what that one does. */
  criteria: z.array(Criterion),
});
export type SegmentOnBoard = z.infer<typeof SegmentOnBoard>;

export const PhaseBoard = z.object({ windowDays: z.number().int(), segments: z.array(SegmentOnBoard) });
export type PhaseBoard = z.infer<typeof PhaseBoard>;

const BlockedView = Connection.extend({
  flows: z.number().int(),
  lastSeen: z.string(),
  /** Entries of the log that show it. */
  entries: z.array(z.number().int()),
  accepted: z.boolean(),
});

export const PhaseDetail = SegmentOnBoard.extend({
  /** Of all phases. */
  criteria: z.array(Criterion),
  /** Connections that passed and that policies of the segment would block, with open changes and without. */
  blockedByDraft: z.array(BlockedView),
  blocked: z.array(BlockedView),
  history: z.array(
    z.object({
      phase: SegmentPhase,
      enteredAt: z.string(),
      /** Entry of the log; null where it was entered before phases had a history. */
      index: z.number().int().nullable(),
      by: z.string(),
      reason: z.string(),
      /** Criteria that an administrator went over. */
      missing: z.array(CriterionId),
    }),
  ),
});
export type PhaseDetail = z.infer<typeof PhaseDetail>;

/** In which phase each segment is, and moving it on. */
@Injectable()
export class Phases {
  constructor(
    @Inject(Segments) private readonly segments: Segments,
    @Inject(PhaseFactsReader) private readonly facts: PhaseFactsReader,
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
  ) {}

  async board(): Promise<PhaseBoard> {
    const all = await this.facts.of(await this.segments.list());
    return { windowDays, segments: all.map(onBoard) };
  }

  /** @throws Problem `not_found` */
  async detail(name: string): Promise<PhaseDetail> {
    const found = await this.factsOf(name);
    const rows = await this.database.query<{
      phase: string;
      entered_at: Date;
      index: string | null;
      entered_by: string;
      reason: string;
      missing: unknown;
    }>('SELECT * FROM segment_phase WHERE segment = $1 ORDER BY position DESC', [name]);
    return PhaseDetail.parse({
      ...onBoard(found),
      criteria: criteriaOf(found.facts),
      blockedByDraft: found.blockedByDraft,
      blocked: found.blocked,
      history: rows.map((row) => ({
        phase: row.phase,
        enteredAt: row.entered_at.toISOString(),
        index: row.index === null ? null : Number(row.index),
        by: row.entered_by,
        reason: row.reason,
        missing: row.missing,
      })),
    });
  }

  /**
   * Moves a segment to another phase: back at any time, on when the criteria of every phase on the way hold.
   * @throws Problem `not_found`; `conflict` when it is there already or criteria are missing; `not_permitted` when
   *   somebody else than an administrator goes over them
   */
  async move(actor: Actor, name: string, { phase, reason, override }: PhaseMove): Promise<PhaseDetail> {
    const { segment, facts } = await this.factsOf(name);
    const from = segment.phase;
    const criteria = neededFor(from, phase, criteriaOf(facts));
    const missing = criteria.filter(({ met }) => !met);
    if (missing.length > 0 && !override)
      throw new Problem(
        'conflict',
        `Segment ${name} cannot enter ${phase} yet: ${missing.length} criteria do not hold.`,
        {
          errors: missing.map(({ title, fact, wanted }) => ({
            pointer: '/phase',
            message: `${title}: ${fact} Wanted: ${wanted}`,
          })),
        },
      );
    if (missing.length > 0 && !isPermitted(actor, 'phases.override'))
      throw new Problem(
        'not_permitted',
        'Only an administrator moves a segment to a phase whose criteria do not hold.',
      );
    await this.log.transact(async ({ transaction, now, append }) => {
      await assertStillIn(transaction, name, from, phase);
      const index = await append(
        actEntry('segment.phase_changed', actor, {
          segment: name,
          before: from,
          after: phase,
          back: isLater(phase, from),
          reason,
          override: missing.length > 0,
          criteria: criteria.map(({ id, met, fact }) => ({ id, met, fact })),
        }),
      );
      await transaction.query('UPDATE segment SET phase = $2, phase_since = $3, updated_at = $3 WHERE name = $1', [
        name,
        phase,
        now,
      ]);
      await transaction.query(
        `INSERT INTO segment_phase (segment, position, phase, entered_at, index, entered_by, reason, missing)
         SELECT $1, coalesce(max(position), 0) + 1, $2, $3, $4, $5, $6, $7 FROM segment_phase WHERE segment = $1`,
        [name, phase, now, index, actor.name, reason, JSON.stringify(missing.map(({ id }) => id))],
      );
    });
    return await this.detail(name);
  }

  /**
   * Says that policies may block these connections although they passed.
   * @throws Problem `not_found`; `conflict` when one of them is not blocked
   */
  async acceptBlocked(actor: Actor, name: string, { reason, connections }: BlockedAcceptance): Promise<PhaseDetail> {
    const { blocked, blockedByDraft } = await this.factsOf(name);
    const open = new Map([...blocked, ...blockedByDraft].map((one) => [connectionKey(one), one]));
    const strange = connections.findIndex((one) => !open.has(connectionKey(one)));
    if (strange !== -1)
      throw new Problem('conflict', 'A connection is not blocked by the policies of the segment, or no longer.', {
        errors: [{ pointer: `/connections/${strange}`, message: 'is not among the connections that are blocked now' }],
      });
    const wanted = [...new Map(connections.map((one) => [connectionKey(one), one])).values()];
    const fresh = wanted.filter((one) => open.get(connectionKey(one))?.accepted === false);
    if (fresh.length > 0) {
      await this.log.transact(async ({ transaction, now, append }) => {
        const index = await append(
          actEntry('phase.blocked_accepted', actor, { segment: name, reason, connections: fresh }),
        );
        await transaction.query(
          `INSERT INTO accepted_block (segment, source_workload, destination_workload, protocol, port, reason, accepted_by, accepted_at, index)
           SELECT $1, source, destination, protocol, port, $3, $4, $5, $6
           FROM json_to_recordset($2) AS one (source text, destination text, protocol text, port integer)
           ON CONFLICT DO NOTHING`,
          [name, JSON.stringify(fresh), reason, actor.name, now, index],
        );
      });
    }
    return await this.detail(name);
  }

  private async factsOf(name: string): Promise<SegmentFacts> {
    const [found] = await this.facts.of([await this.segments.one(name)]);
    if (found === undefined) throw new Problem('not_found', `There is no segment ${name}.`);
    return found;
  }
}

function onBoard({ segment, facts }: SegmentFacts): SegmentOnBoard {
  const { name, owner, criticality, phase, phaseSince } = segment;
  const next = phaseAfter(phase);
  return {
    name,
    owner,
    criticality,
    phase,
    phaseSince,
    daysInPhase: facts.daysInPhase,
    next,
    criteria: criteriaOf(facts).filter((criterion) => criterion.phase === (next ?? phase)),
  };
}

/** What was judged must be what is moved. */
async function assertStillIn(
  transaction: Transaction,
  name: string,
  from: SegmentPhase,
  to: SegmentPhase,
): Promise<void> {
  const [row] = await transaction.query<{ phase: string }>('SELECT phase FROM segment WHERE name = $1 FOR UPDATE', [
    name,
  ]);
  if (row?.phase !== from) throw new Problem('conflict', `Segment ${name} was moved meanwhile; look at it again.`);
  if (from === to) throw new Problem('conflict', `Segment ${name} is in phase ${to} already.`);
}
