import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Changes, readItems } from '../changes/changes.js';
import { changeNumber } from '../changes/change-number.js';
import { Clock, systemActor, type Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { Jobs, NotYetError } from '../jobs/jobs.js';
import { actEntry } from '../log/act.js';
import { Followers } from '../log/follower.js';
import { Log } from '../log/log.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';
import { PolicyEstates } from '../policies/estate.js';
import { digestOf, inForceDigest, itemsDigest, type DraftItem } from './draft.js';
import { packInputs } from './inputs.js';
import { SimulationRun, type SimulationOutcome } from './run.js';
import { SimulationResult, type NewSimulation, type SimulationSummary, type SimulationView } from './simulation.js';
import { selectSimulations, summaryOf, viewOf, type SimulationRow } from './simulation-rows.js';

const mostAttempts = 3;

/** The run was cancelled while it went on. */
class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** Simulations: asked for, run by a job on one view of the database, kept with their inputs and their digests. */
@Injectable()
export class Simulations {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Followers) private readonly followers: Followers,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Changes) private readonly changes: Changes,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
    @Inject(SimulationRun) private readonly runs: SimulationRun,
  ) {}

  /** @throws Problem `invalid_input` naming each policy object that cannot be read, `not_found` for an unknown change. */
  async request(actor: Actor, input: NewSimulation): Promise<SimulationView> {
    if (actor.id === null)
      throw new Problem('not_permitted', 'Simulations are asked for by people, not by the service.');
    const change = input.changeId === undefined ? null : await this.changes.get(input.changeId);
    const items: readonly DraftItem[] = change?.items ?? readItems(input.items ?? []);
    if (input.from > this.clock.now().toISOString().slice(0, 10))
      throw new Problem('invalid_input', 'The period lies in the future, where nothing is recorded yet.', {
        errors: [{ pointer: '/from', message: 'must not be after today' }],
      });
    const title = input.title ?? (change === null ? titleOf(items) : `${changeNumber(change.number)}: ${change.title}`);
    const id = await this.log.transact(async ({ transaction, now, append }) => {
      const newId = uuidText(uuidv7Bytes(now.getTime()));
      const digest = itemsDigest(items);
      const index = await append(
        actEntry('simulation.requested', actor, {
          simulation: {
            id: newId,
            title,
            change: change?.id ?? null,
            items: items.map(({ system, kind, namespace, name, action, digest: content }) => ({
              system,
              kind,
              namespace,
              name,
              action,
              digest: content,
            })),
            itemsDigest: digest,
            from: input.from,
            to: input.to,
            labels: input.labels,
            ipBlockMatchesPods: input.ipBlockMatchesPods,
          },
        }),
      );
      await transaction.query(
        `INSERT INTO simulation (id, title, change_id, items, items_digest, first_day, last_day, labels, ip_block_matches_pods,
           requested_by, requested_at, requested_index, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'waiting')`,
        [
          newId,
          title.slice(0, 300),
          change?.id ?? null,
          JSON.stringify(items),
          digest,
          input.from,
          input.to,
          input.labels,
          input.ipBlockMatchesPods,
          actor.id,
          now,
          index,
        ],
      );
      return newId;
    });
    await this.wake(id);
    return await this.get(id);
  }

  /** Asks again for the runs whose job was lost. */
  async resumeRunning(): Promise<void> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM simulation WHERE state IN ('waiting', 'running')`,
    );
    for (const { id } of rows) await this.wake(id);
  }

  private async wake(id: string): Promise<void> {
    await this.jobs.add('simulation.run', { simulationId: id }, `simulation:${id}`);
  }

  /** Runs a simulation: the job. Does nothing for one that has ended. A run that was broken off begins anew. */
  async run(id: string): Promise<void> {
    const simulation = await this.get(id);
    if (simulation.state !== 'waiting' && simulation.state !== 'running') return;
    // What was recorded when it was asked for belongs to it.
    await this.followers.reached(simulation.requestedIndex + 1);
    const [claimed] = await this.database.query<{ attempts: number }>(
      `WITH claimed AS (UPDATE simulation SET state = 'running', attempts = attempts + 1
       WHERE id = $1 AND state IN ('waiting', 'running') RETURNING attempts) SELECT attempts FROM claimed`,
      [id],
    );
    if (claimed === undefined) {
      // Cancelled meanwhile: what an earlier run left behind goes with it.
      if ((await this.get(id)).state === 'cancelled') await this.dropPages(id);
      return;
    }
    try {
      const outcome = await this.runs.execute(simulation, async (done, total) => {
        const [running] = await this.database.query(
          `WITH told AS (UPDATE simulation SET edges_done = $2, edges_total = $3 WHERE id = $1 AND state = 'running' RETURNING id)
           SELECT id FROM told`,
          [id, done, total],
        );
        if (running === undefined) throw new CancelledError(`the simulation ${id} was cancelled`);
      });
      await this.keep(id, outcome);
    } catch (error) {
      if (error instanceof CancelledError) return await this.dropPages(id);
      // Whatever broke the connection may be over soon; what is wrong with the inputs stays wrong.
      if (error instanceof NotYetError || claimed.attempts < mostAttempts) throw error;
      await this.fail(id, error instanceof Error ? error.message : String(error));
    }
  }

  private async keep(id: string, { inputs, inForceDigest: inForce, result }: SimulationOutcome): Promise<void> {
    const packed = await packInputs(inputs);
    const kept = await this.log.transact(async ({ transaction, now, append }) => {
      const [open] = await transaction.query(
        `SELECT 1 FROM simulation WHERE id = $1 AND state = 'running' FOR UPDATE`,
        [id],
      );
      if (open === undefined) return false;
      const { total, classes, reasons, digests } = result;
      const index = await append(
        actEntry('simulation.finished', systemActor, {
          simulation: id,
          version: result.version,
          total,
          classes,
          reasons,
          digests,
          resultDigest: digestOf(result),
        }),
      );
      await transaction.query(
        `UPDATE simulation SET state = 'finished', finished_at = $2, finished_index = $3, in_force_digest = $4, inputs = $5, result = $6
         WHERE id = $1`,
        [id, now, index, inForce, packed, JSON.stringify(SimulationResult.parse(result))],
      );
      return true;
    });
    if (!kept) await this.dropPages(id);
  }

  private async fail(id: string, failure: string): Promise<void> {
    await this.log.transact(async ({ transaction, now, append }) => {
      const [failed] = await transaction.query<{ id: string }>(
        `WITH ended AS (UPDATE simulation SET state = 'failed', failure = $2, finished_at = $3
         WHERE id = $1 AND state IN ('waiting', 'running') RETURNING id) SELECT id FROM ended`,
        [id, failure, now],
      );
      if (failed !== undefined) await append(actEntry('simulation.failed', systemActor, { simulation: id, failure }));
    });
    await this.dropPages(id);
  }

  /** @throws Problem `not_found`, `conflict` when it has ended already */
  async cancel(actor: Actor, id: string, reason = ''): Promise<SimulationView> {
    const { state } = await this.get(id);
    await this.log.transact(async ({ transaction, now, append }) => {
      const [open] = await transaction.query<{ state: string }>(
        'SELECT state FROM simulation WHERE id = $1 FOR UPDATE',
        [id],
      );
      if (open?.state !== 'waiting' && open?.state !== 'running')
        throw new Problem('conflict', `The simulation is ${open?.state ?? state} already; there is nothing to cancel.`);
      await transaction.query(`UPDATE simulation SET state = 'cancelled', finished_at = $2 WHERE id = $1`, [id, now]);
      await transaction.query('DELETE FROM simulation_page WHERE simulation_id = $1', [id]);
      await append(actEntry('simulation.cancelled', actor, { simulation: id, before: open.state, reason }));
    });
    return await this.get(id);
  }

  private async dropPages(id: string): Promise<void> {
    await this.database.query('DELETE FROM simulation_page WHERE simulation_id = $1', [id]);
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<SimulationView> {
    const [row] = z.uuid().safeParse(id).success
      ? await this.database.query<SimulationRow>(`${selectSimulations} WHERE s.id = $1`, [id])
      : [];
    if (row === undefined) throw new Problem('not_found', `There is no simulation ${id}.`);
    return viewOf(row);
  }

  /** Newest first; those before `before`, which is the id of one. */
  async list({
    limit,
    before,
  }: {
    readonly limit: number;
    readonly before: string | null;
  }): Promise<SimulationSummary[]> {
    const rows = await this.database.query<SimulationRow>(
      `${selectSimulations} WHERE $1::uuid IS NULL OR s.requested_index < (SELECT requested_index FROM simulation WHERE id = $1)
       ORDER BY s.requested_index DESC LIMIT $2`,
      [before, limit],
    );
    return rows.map(summaryOf);
  }

  /** The newest simulation of exactly these items, finished or under way; null where there is none. */
  async newestOf(items: readonly DraftItem[]): Promise<SimulationView | null> {
    const [row] = await this.database.query<SimulationRow>(
      `${selectSimulations} WHERE s.items_digest = $1 AND s.state IN ('waiting', 'running', 'finished')
       ORDER BY s.requested_index DESC LIMIT 1`,
      [itemsDigest(items)],
    );
    return row === undefined ? null : viewOf(row);
  }

  /** Whether the policies in force are others than those a finished simulation started from. */
  async isStale(id: string): Promise<boolean> {
    const [row] = await this.database.query<{ in_force_digest: string | null }>(
      'SELECT in_force_digest FROM simulation WHERE id = $1',
      [id],
    );
    const { objects } = await this.estates.at(null);
    return row?.in_force_digest !== inForceDigest(objects);
  }
}

function titleOf(items: readonly DraftItem[]): string {
  const [first, ...more] = items.map(({ action, kind, namespace, name }) => {
    return `${action} ${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
  });
  return more.length === 0 ? (first ?? 'nothing') : `${first ?? ''} and ${more.length} more`;
}
