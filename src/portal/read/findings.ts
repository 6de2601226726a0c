import type { ReportedControl } from '../../evidence/report-model.js';
import type { FindingView as RegisteredFinding } from '../../findings/finding.js';
import type { SourceView } from '../../ingestion/sources.js';
import { paths } from '../paths.js';
import type { FindingView, LogState, SegmentRow, Severity } from '../views.js';
import type { JudgedVersion } from './policy-matches.js';

/** What is looked at for things that need a person. */
export interface Situation {
  readonly log: LogState | null;
  /** Policy versions of the last 30 days. */
  readonly changes: readonly JudgedVersion[];
  readonly sources: readonly SourceView[];
  readonly segments: readonly (SegmentRow & { readonly phaseSince: string })[];
  readonly controls: readonly ReportedControl[];
  readonly assessedAt: string;
  /** Open findings of the register that are named one by one. */
  readonly register: readonly RegisteredFinding[];
  /** Open findings of hygiene, which are summed up: null when there are none. */
  readonly hygiene: { readonly count: number; readonly worst: Severity; readonly since: string } | null;
  readonly mayReadQuarantine: boolean;
  /** Null when nothing was rejected. */
  readonly lastQuarantinedAt: string | null;
  /** Records with the id of an earlier one and other bytes: the newest of them, and how many there are. */
}

/** Unauthorised changes that are named one by one. */
const changesNamed = 20;

/** Everything that needs a person now, from the records and the present assessment. */
export function findingsIn(situation: Situation): FindingView[] {
  return [
    ...integrity(situation),
    ...unauthorisedChanges(situation),
    ...registered(situation),
    ...unenforcedSegments(situation),
    ...quarantinedRecords(situation),
    ...failedControls(situation),
  ];
}

function registered({ register, hygiene }: Situation): FindingView[] {
  const found = register.map(({ id, kind, severity, title, detail, occurredAt }): FindingView => ({
    kind,
    severity,
    title,
    detail,
    since: occurredAt,
    href: paths.finding(id),
  }));
  if (hygiene === null) return found;
  const { count, worst, since } = hygiene;
  return [
    ...found,
    {
      kind: 'hygiene',
      severity: worst,
      title: `${count} ${count === 1 ? 'finding' : 'findings'} on the hygiene of policies`,
      detail: 'Without effect, broader than they look, unused, or without anybody who looks after them.',
      since,
      href: paths.hygiene(),
    },
  ];
}

function integrity({ log }: Situation): FindingView[] {
  const found: FindingView[] = [];
  const { verified = true, at = '', problems = [] } = log?.verification ?? {};
  if (!verified) {
    const [first = 'The log does not rebuild from its stored bytes.'] = problems;
    const more = problems.length > 1 ? ` And ${problems.length - 1} more.` : '';
    found.push({
      kind: 'integrity',
      severity: 'critical',
      title: 'The log is not intact',
      detail: `${first}${more}`,
      since: at,
      href: `${paths.integrity}#verification`,
    });
  }
  const stopped = log?.signingStopped ?? null;
  if (stopped !== null) {
    found.push({
      kind: 'integrity',
      severity: 'critical',
      title: 'Nothing is signed until an operator decides',
      detail: `${stopped.because}. Entries are stored; receipts come without a checkpoint.`,
      since: stopped.since,
      href: `${paths.integrity}#signing`,
    });
  }
  for (const { witness, since, detail } of log?.contradictions ?? []) {
    found.push({
      kind: 'integrity',
      severity: 'critical',
      title: `The witness ${witness} has seen another log`,
      detail: `The witness says that ${detail}. Keep its checkpoint, and run segproof fsck --checkpoint with it.`,
      since,
      href: `${paths.integrity}#outside`,
    });
  }
  return found;
}

function unauthorisedChanges({ changes, controls }: Situation): FindingView[] {
  const found = changes.filter(({ unauthorised }) => unauthorised !== null).toReversed();
  const severities = severityByRecord(controls);
  const named = found.slice(0, changesNamed).map(({ version, unauthorised }): FindingView => {
    const { kind, namespace, name, action, author, index, eventTime } = version;
    return {
      kind: 'unauthorised_change',
      severity: severities.get(index) ?? 'high',
      title: `${namespace === null ? '' : `${namespace}/`}${name} was ${action}d without an approved change`,
      detail: `${kind}, by ${author}. ${unauthorised ?? ''}`,
      since: eventTime,
      href: paths.record(index),
    };
  });
  const rest = found.slice(changesNamed);
  const [next] = rest;
  if (next === undefined) return named;
  return [
    ...named,
    {
      kind: 'unauthorised_change',
      severity: 'high',
      title: `${rest.length} earlier policy changes had no approved change either`,
      detail: 'All within the last 30 days.',
      since: next.version.eventTime,
      href: paths.policies({ authorised: 'no' }),
    },
  ];
}

/** How bad the control that judges approvals finds each policy change, by the entry that showed it. */
function severityByRecord(controls: readonly ReportedControl[]): ReadonlyMap<number, Severity> {
  const observations = controls.find(({ controlId }) => controlId === 'change-approval')?.observations ?? [];
  return new Map(
    observations.flatMap(({ severity, citations }) =>
      citations[0] === undefined ? [] : [[citations[0].index, severity] as const],
    ),
  );
}

function unenforcedSegments({ segments }: Situation): FindingView[] {
  return segments.flatMap(
    ({ name, phase, criticality, workloads, defaultDeny: { ingress, egress }, phaseSince }): FindingView[] => {
      // An enforcing segment that does not deny by default is in the register, as enforcement that is off.
      if (phase === 'enforcing' && (workloads > 0 || (ingress && egress))) return [];
      const denies =
        ingress && egress
          ? 'both ways'
          : ingress
            ? 'for ingress only'
            : egress
              ? 'for egress only'
              : 'in neither direction';
      return [
        {
          kind: 'unenforced_segment',
          severity: criticality,
          title: phase === 'enforcing' ? `${name} does not deny by default` : `${name} is not enforced`,
          detail:
            workloads === 0
              ? `In phase ${phase}; no workload of it was seen yet.`
              : `In phase ${phase}; its ${workloads} workload${workloads === 1 ? ' is' : 's are'} denied by default ${denies}.`,
          since: phaseSince,
          href: paths.segment(name),
        },
      ];
    },
  );
}

function quarantinedRecords({ sources, mayReadQuarantine, lastQuarantinedAt }: Situation): FindingView[] {
  const senders = sources.filter(({ quarantined }) => quarantined > 0).sort((a, b) => b.quarantined - a.quarantined);
  const total = senders.reduce((sum, { quarantined }) => sum + quarantined, 0);
  if (lastQuarantinedAt === null || total === 0) return [];
  return [
    {
      kind: 'rejected_records',
      severity: 'low',
      title: `${total} record${total === 1 ? '' : 's'} could not be read`,
      detail: `${senders
        .slice(0, 3)
        .map(({ name, quarantined }) => `${quarantined} of ${name}`)
        .join(', ')}${senders.length > 3 ? ' and others' : ''}; the bytes are kept.`,
      since: lastQuarantinedAt,
      href: mayReadQuarantine ? paths.quarantine() : paths.sources,
    },
  ];
}

function failedControls({ controls, assessedAt }: Situation): FindingView[] {
  return controls
    .filter(({ result }) => result === 'not_satisfied')
    .map(({ controlId, title, reason }) => ({
      kind: 'failed_control',
      severity: 'medium',
      title: `Control not satisfied: ${title}`,
      detail: reason,
      since: assessedAt,
      href: paths.control(controlId),
    }));
}
