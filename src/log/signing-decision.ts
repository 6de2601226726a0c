import { z } from 'zod';
import { KnownState } from './signing-state.js';

/** Somebody's decision that the log stands as it is and is signed again. */
export const Decision = z.object({
  origin: z.string(),
  /** Ids of the stops it lifts. */
  stops: z.array(z.uuid()),
  at: z.string(),
  by: z.object({ id: z.string().nullable(), name: z.string() }),
  reason: z.string(),
  /** The log at that moment; root in base64. */
  size: z.number().int().min(0),
  root: z.string(),
  /** States signed before that this log does not continue. */
  givenUp: z.array(KnownState),
  /** Problems of the last verification, which stop the signer no more. */
  problems: z.array(z.string()),
});
export type Decision = z.infer<typeof Decision>;

const kind = 'segproof decision to go on signing';

/** Text to be signed; names its kind first, so that it can never pass for a checkpoint. */
export function decisionBody(decision: Decision): string {
  return `${kind}\n${JSON.stringify(decision)}\n`;
}

/** Null when the text is no decision about this log. */
export function decisionOf(body: string, origin: string): Decision | null {
  const [first, json = ''] = body.split('\n');
  if (first !== kind) return null;
  const decision = Decision.parse(JSON.parse(json));
  return decision.origin === origin ? decision : null;
}
