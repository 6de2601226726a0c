import type { Actor } from '../context.js';
import { databaseErrorIn } from '../database/sql-state.js';
import { Problem } from '../errors.js';

/** SQLSTATE that the functions of the database raise when a legal hold stops a removal. */
const held = 'SGR01';
/** SQLSTATE for every other reason why they remove nothing. */
const refused = 'SGR02';

/** A legal hold stopped a removal; the message names the hold. */
export class HeldError extends Problem {}

/** What the database says when it refuses a removal, as a Problem `conflict`; other errors are given back as they are. */
export function refusalOf(error: unknown): unknown {
  const cause = databaseErrorIn(error);
  if (cause === null) return error;
  const sentence = `${cause.message.charAt(0).toUpperCase()}${cause.message.slice(1)}.`;
  if (cause.code === held) {
    return new HeldError('conflict', `${sentence} Nothing was removed; the hold has to be released first.`, { cause });
  }
  return cause.code === refused ? new Problem('conflict', `${sentence} Nothing was removed.`, { cause }) : error;
}

/** @throws Problem `not_permitted` for the service itself. */
export function personId(actor: Actor): string {
  if (actor.id === null) throw new Problem('not_permitted', 'Only people decide about retention, not the service.');
  return actor.id;
}
