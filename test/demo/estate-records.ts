/** An estate read back the way the service reads it: from the bytes alone. */

import type { Estate } from '../../src/demo/estate.js';
import type { Step } from '../../src/demo/steps.js';
import type { ChangeToMatch, PolicyVersionToMatch } from '../../src/changes/matching.js';
import { normaliseRecord } from '../../src/ingestion/formats/registry.js';
import type { NormalForm } from '../../src/ingestion/normal-form.js';
import { objectDigest } from '../../src/policies/object-digest.js';

type IngestStep = Extract<Step, { kind: 'ingest' }>;

export interface EstateRecord {
  readonly record: NormalForm;
  readonly source: string;
  readonly deliveredAt: string;
  readonly bytes: number;
}

export interface AuditedVersion extends PolicyVersionToMatch {
  readonly author: string;
  readonly object: unknown;
}

export interface ReadEstate {
  readonly records: readonly EstateRecord[];
  readonly unreadable: readonly string[];
  readonly versions: readonly AuditedVersion[];
  readonly changes: readonly (ChangeToMatch & { readonly requester: string; readonly reviewer: string | null })[];
  readonly phases: readonly { readonly segment: string; readonly phase: string; readonly at: string }[];
}

/** The lines of a delivery. */
export function linesOf({ body }: IngestStep): string[] {
  return body.split('\n').filter((line) => line !== '');
}

function versionOf({ policyChange: change, eventTime, actor }: NormalForm): AuditedVersion[] {
  if (change === null || !change.applied || eventTime === null || change.action === 'delete_collection') return [];
  const { system, kind, namespace, name } = change.resource;
  return [
    {
      system,
      kind,
      namespace,
      name: name ?? '',
      action: change.action,
      eventTime,
      digest: change.after === null ? null : objectDigest(change.after),
      author: actor?.name ?? '',
      object: change.after,
    },
  ];
}

/** Reads every step of an estate; deliveries sent a second time are left out. */
export function readEstate({ steps, sources }: Estate): ReadEstate {
  const formats = new Map(sources.map(({ name, format }) => [name, format]));
  const records: EstateRecord[] = [];
  const unreadable: string[] = [];
  const changes = new Map<string, ReadEstate['changes'][number]>();
  const phases: ReadEstate['phases'][number][] = [];
  for (const step of steps) {
    const at = step.at.toISOString();
    if (step.kind === 'segment') phases.push({ segment: step.segment.name, phase: step.segment.phase, at });
    if (step.kind === 'phase') phases.push({ segment: step.segment, phase: step.phase, at });
    if (step.kind === 'propose')
      changes.set(step.key, {
        id: step.key,
        requester: step.by,
        reviewer: null,
        state: 'proposed',
        approvedAt: null,
        windowFrom: step.windowFrom.toISOString(),
        windowTo: step.windowTo.toISOString(),
        items: step.items.map(({ action, manifest }) => ({
          system: 'kubernetes',
          kind: manifest.kind,
          namespace: manifest.metadata.namespace,
          name: manifest.metadata.name,
          action,
          digest: action === 'delete' ? null : objectDigest(manifest),
        })),
      });
    if (step.kind === 'review') {
      const change = changes.get(step.key);
      if (change === undefined) throw new Error(`review of ${step.key} before its proposal`);
      const approved = step.decision === 'approve';
      changes.set(step.key, {
        ...change,
        reviewer: step.by,
        state: approved ? 'approved' : 'rejected',
        approvedAt: approved ? at : null,
      });
    }
    if (step.kind !== 'ingest' || step.contents.resent) continue;
    const format = formats.get(step.source) ?? null;
    for (const line of linesOf(step)) {
      const normalised = normaliseRecord(Buffer.from(line), format === null ? {} : { format }, new Date(at));
      if (normalised.ok)
        records.push({ record: normalised.records[0], source: step.source, deliveredAt: at, bytes: line.length });
      else unreadable.push(normalised.reason);
    }
  }
  const versions = records.flatMap(({ record }) => versionOf(record));
  return { records, unreadable, versions, changes: [...changes.values()], phases };
}
