import type { Actor } from '../context.js';
import { canonicalJson } from './core/canonical-json.js';
import type { NewEntry } from './entry.js';

/** What the service and its users do that is worth an entry. */
export type ActKind =
  | 'access.user_created'
  | 'access.signed_in'
  | 'access.sign_in_refused'
  | 'access.signed_out'
  | 'access.refused'
  | 'source.created'
  | 'source.changed'
  | 'source.token_issued'
  | 'source.token_revoked'
  | 'source.secret_added'
  | 'source.secret_revoked'
  | 'source.balance'
  | 'source.gap_found'
  | 'source.gap_filled'
  | 'source.gap_acknowledged'
  | 'quarantine.reprocessed'
  | 'records.read_again'
  | 'records.exported'
  | 'segment.defined'
  | 'policy.register_set'
  | 'segment.phase_changed'
  | 'phase.blocked_accepted'
  | 'finding.opened'
  | 'finding.changed'
  | 'finding.closed'
  | 'drift.baseline_accepted'
  | 'change.proposed'
  | 'change.reviewed'
  | 'simulation.requested'
  | 'simulation.finished'
  | 'simulation.failed'
  | 'simulation.cancelled'
  | 'report.requested'
  | 'report.issued'
  | 'report.failed'
  | 'report.downloaded'
  | 'record.viewed_raw'
  | 'log.started'
  | 'log.verified'
  | 'log.key_rotated'
  | 'log.signing_stopped'
  | 'log.signing_resumed'
  | 'log.witness_contradicts'
  | 'follower.rebuilt'
  | 'retention.rule_set'
  | 'retention.hold_placed'
  | 'retention.hold_released'
  | 'retention.payloads_removed'
  | 'erasure.requested'
  | 'erasure.rejected'
  | 'erasure.executed';

/** Name under which acts stand in the log, in the place of a source. */
export const actSource = 'segproof';

/** Entry for an act: who did what, and what was there before where something was replaced. */
export function actEntry(
  kind: ActKind,
  actor: Actor,
  data: Readonly<Record<string, unknown>>,
): Omit<NewEntry, 'dedupe'> {
  const by = { id: actor.id, name: actor.name, roles: actor.roles };
  return { kind, source: actSource, occurredAt: null, payload: Buffer.from(canonicalJson({ by, ...data })) };
}
