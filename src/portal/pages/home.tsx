import type { JSX } from 'preact';
import { findingKinds } from '../../findings/finding.js';
import { ResultShares, ShareBar, VolumeChart } from '../components/chart.js';
import { Facts } from '../components/facts.js';
import { Age, Time, countOf, countText } from '../components/figures.js';
import { Identifier, Name } from '../components/identifier.js';
import { Banner, EmptyState, Panel } from '../components/panel.js';
import { StatusMark, severityMarks } from '../components/status-mark.js';
import { findingKindWords } from '../finding-words.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { FindingKind, FindingView, HomeView, Severity, Shell } from '../views.js';

const severityOrder: Readonly<Record<Severity, number>> = { critical: 0, high: 1, medium: 2, low: 3, info: 4 };

const registerWords = Object.fromEntries(findingKinds.map((kind) => [kind, findingKindWords[kind].word] as const));

const findingWords: Readonly<Partial<Record<FindingKind, string>>> = {
  ...registerWords,
  integrity: 'Log integrity',
  unauthorised_change: 'Unauthorised change',
  unenforced_segment: 'Unenforced segment',
  rejected_records: 'Rejected records',
  failed_control: 'Failed control',
};

/** Worst first, then newest first. */
export function sortFindings(findings: readonly FindingView[]): readonly FindingView[] {
  return findings.toSorted(
    (a, b) => severityOrder[a.severity] - severityOrder[b.severity] || Date.parse(b.since) - Date.parse(a.since),
  );
}

export function HomePage(view: HomeView): JSX.Element {
  const { shell, findings } = view;
  return (
    <Layout
      shell={shell}
      title="What needs attention"
      lead="Segproof records every policy change and every enforcement decision in a log that cannot be altered unnoticed, and judges controls by what the records show."
    >
      {view.awaitingReview > 0 && (
        <Banner tone="quiet" title={`${countOf(view.awaitingReview, 'change waits', 'changes wait')} for your review`}>
          <p>
            <a href={paths.changes({ state: 'for_review' })}>Review now</a>
          </p>
        </Banner>
      )}
      <div class="columns">
        <Panel
          id="findings"
          title="Open findings"
          note={findingsNote(findings)}
          actions={<a href={paths.findings()}>The register</a>}
        >
          {findings.length === 0 ? (
            <EmptyState title="Nothing needs attention">
              No drift, violation, unauthorised change, silent source, missing record, unenforced segment, rejected
              record or failed control is known.
            </EmptyState>
          ) : (
            <ol class="findings">
              {sortFindings(findings).map((finding) => (
                <Finding finding={finding} now={shell.now} />
              ))}
            </ol>
          )}
        </Panel>
        <div class="stack">
          <Integrity shell={shell} />
          <Completeness view={view} />
        </div>
      </div>
      <Panel
        id="volume"
        title="Records of the last 30 days"
        note="Each strip has its own scale. A bar leads to its records."
      >
        <VolumeChart days={view.volume} />
      </Panel>
      <Frameworks view={view} />
    </Layout>
  );
}

function findingsNote(findings: readonly FindingView[]): string {
  const urgent = findings.filter(({ severity }) => severity === 'critical' || severity === 'high').length;
  return `${countText(findings.length)} in all, ${countText(urgent)} critical or high`;
}

function Finding({ finding, now }: { readonly finding: FindingView; readonly now: string }): JSX.Element {
  return (
    <li class="finding">
      <StatusMark {...severityMarks[finding.severity]} />
      <div class="finding-text">
        <a class="finding-title" href={finding.href}>
          {finding.title}
        </a>
        <p>{finding.detail}</p>
        <p class="note">
          {findingWords[finding.kind]} · <Age at={finding.since} now={now} />
        </p>
      </div>
    </li>
  );
}

function Integrity({ shell }: { readonly shell: Shell }): JSX.Element | null {
  const { log, now } = shell;
  if (log === null) return null;
  const { verification } = log;
  return (
    <Panel id="integrity" title="Log integrity" actions={<a href={paths.integrity}>Verifications and keys</a>}>
      <p class="headline">
        {verification === null ? (
          <StatusMark tone="warn" word="Never verified" />
        ) : (
          <StatusMark
            tone={verification.verified ? 'good' : 'bad'}
            word={verification.verified ? 'Intact' : 'Not intact'}
          />
        )}
      </p>
      {verification !== null && verification.problems.length > 0 && (
        <ul class="problems">
          {verification.problems.map((problem) => (
            <li>{problem}</li>
          ))}
        </ul>
      )}
      {verification !== null && verification.unverifiable.length > 0 && (
        <p class="note">
          {countOf(verification.unverifiable.length, 'checkpoint')} cannot be verified: a key is missing.
        </p>
      )}
      <Facts
        facts={[
          { term: 'Size', is: <a href={paths.records()}>{countOf(log.size, 'entry', 'entries')}</a> },
          { term: 'Root', is: <Identifier value={log.rootHash} name="root hash" /> },
          { term: 'Verified', is: <When at={verification?.at ?? null} now={now} /> },
          { term: 'The whole of it', is: <When at={verification?.wholeAt ?? null} now={now} /> },
          {
            term: 'Signing',
            is:
              log.signingStopped === null ? (
                <StatusMark tone="good" word="Going on" />
              ) : (
                <StatusMark tone="bad" word="Stopped" />
              ),
          },
          { term: 'Origin', is: <Name text={log.origin} /> },
        ]}
      />
    </Panel>
  );
}

function When({ at, now }: { readonly at: string | null; readonly now: string }): JSX.Element {
  if (at === null) return <>not yet</>;
  return (
    <>
      <Age at={at} now={now} />
      <br />
      <span class="note">
        <Time at={at} />
      </span>
    </>
  );
}

function Completeness({ view: { shell, completeness: of } }: { readonly view: HomeView }): JSX.Element {
  return (
    <Panel
      id="completeness"
      title="How complete the evidence is"
      note={
        <>
          <a href={paths.policies()}>{countOf(of.policies, 'policy', 'policies')}</a> known; changes and records of 30
          days
        </>
      }
    >
      <ul class="shares-list">
        <Share word="Sources reporting" part={of.sourcesReporting} whole={of.sources} href={paths.sources} />
        <Share word="Segments enforcing" part={of.segmentsEnforcing} whole={of.segments} href={paths.segments} />
        <Share
          word="Policy changes authorised"
          part={of.policyChangesAuthorised}
          whole={of.policyChanges}
          href={paths.policies(of.policyChangesAuthorised < of.policyChanges ? { authorised: 'no' } : {})}
        />
        <Share
          word="Records understood"
          part={of.records - of.rejected}
          whole={of.records}
          href={may(shell, 'rejected.read') ? paths.quarantine() : paths.sources}
        />
      </ul>
    </Panel>
  );
}

function Share({
  word,
  part,
  whole,
  href,
}: {
  readonly word: string;
  readonly part: number;
  readonly whole: number;
  readonly href: string;
}): JSX.Element {
  return (
    <li>
      <span>{word}</span>
      <a href={href} class="share-count">
        {countText(part)} of {countText(whole)}
      </a>
      <ShareBar
        parts={[
          { tone: 'good', count: part },
          { tone: 'warn', count: whole - part },
        ]}
      />
    </li>
  );
}

function Frameworks({ view: { shell, frameworks, assessedAt } }: { readonly view: HomeView }): JSX.Element {
  return (
    <Panel
      id="frameworks"
      title="Frameworks"
      note={
        assessedAt === null ? undefined : (
          <>
            Assessed <Age at={assessedAt} now={shell.now} />
          </>
        )
      }
      actions={<a href={paths.controls}>All controls</a>}
    >
      {frameworks.length === 0 ? (
        <EmptyState title="Nothing was assessed yet">
          {may(shell, 'reports.request') ? <a href={paths.newReport}>Build a report</a> : 'A report has to be built'} to
          assess the controls for a period.
        </EmptyState>
      ) : (
        <div class="framework-list">
          {frameworks.map(({ id, title, totals }) => (
            <div key={id}>
              <h3>{title}</h3>
              <ResultShares totals={totals} />
            </div>
          ))}
        </div>
      )}
    </Panel>
  );
}
