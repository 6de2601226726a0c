import type { JSX } from 'preact';
import { Facts } from '../components/facts.js';
import { ProblemSummary, TextArea } from '../components/fields.js';
import { countText, durationText, Time } from '../components/figures.js';
import { DriftParts, EdgesPart, HygienePart, IsolationPart } from '../components/finding-parts.js';
import { JsonText } from '../components/json-text.js';
import { Banner, Panel } from '../components/panel.js';
import { severityMarks, StatusMark } from '../components/status-mark.js';
import { findingKindWords } from '../finding-words.js';
import type { FindingDetailView } from '../finding-views.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import { readFacts, type ReadFacts } from '../read/finding-facts.js';

/** One finding: what is the case, since when, what shows it, and what to do. */
export function FindingPage(view: FindingDetailView): JSX.Element {
  const { shell, finding, mayAccept, accepted } = view;
  const { kind, severity, title, detail, closedAt } = finding;
  const facts = readFacts(finding.facts);
  const words = findingKindWords[kind];
  const isShown = facts.drift ?? facts.edges ?? facts.isolation ?? facts.hygiene;
  return (
    <Layout
      shell={shell}
      title={title}
      marks={
        <>
          <StatusMark {...severityMarks[severity]} />{' '}
          <StatusMark tone={closedAt === null ? 'warn' : 'good'} word={closedAt === null ? 'Open' : 'Closed'} />
        </>
      }
      lead={detail}
      crumbs={
        kind === 'hygiene'
          ? [{ href: paths.hygiene(), word: 'Hygiene' }]
          : [{ href: paths.findings(), word: 'Findings' }]
      }
    >
      {accepted && closedAt === null && (
        <Banner tone="good" title="What is in force was accepted as intended">
          <p>The next look closes this finding.</p>
        </Banner>
      )}
      <div class="columns">
        <Panel id="what-to-do" title="What to do">
          {facts.hygiene !== null && <p>{facts.hygiene.explanation}</p>}
          <p>{facts.hygiene?.toDo ?? words.toDo}</p>
          <Entries facts={facts} />
        </Panel>
        <Panel id="course" title="Course">
          <Course view={view} facts={facts} />
        </Panel>
      </div>
      {facts.drift !== null && <DriftParts facts={facts.drift} authors={view.authors} />}
      {facts.edges !== null && <EdgesPart facts={facts.edges} />}
      {facts.isolation !== null && <IsolationPart facts={facts.isolation} />}
      {facts.hygiene !== null && <HygienePart facts={facts.hygiene} />}
      {isShown === null && (
        <Panel id="facts" title="Particulars">
          <JsonText text={JSON.stringify(finding.facts)} label="Particulars of the finding" />
        </Panel>
      )}
      {mayAccept && <Accept view={view} />}
    </Layout>
  );
}

function Course({ view: { finding }, facts }: { readonly view: FindingDetailView; readonly facts: ReadFacts }) {
  const { kind, segment, occurredAt, openedAt, openedIndex, closedAt, closedIndex } = finding;
  const change = facts.drift?.change ?? null;
  return (
    <Facts
      facts={[
        { term: 'Kind', is: <a href={paths.findings({ state: 'all', kind })}>{findingKindWords[kind].word}</a> },
        { term: 'Segment', is: segment === null ? null : <a href={paths.segment(segment)}>{segment}</a> },
        { term: 'Change', is: change === null ? null : <a href={paths.change(change.id)}>{change.number}</a> },
        {
          term: 'Source',
          is:
            (kind === 'silence' || kind === 'gap') && facts.source !== null ? (
              <a href={paths.source(facts.source)}>{facts.source}</a>
            ) : null,
        },
        { term: 'Enforcement point', is: facts.drift?.enforcementPoints.join('; ') ?? null },
        { term: 'Since', is: <Time at={occurredAt} /> },
        {
          term: 'Found',
          is: (
            <>
              <Time at={openedAt} />, after {durationText(finding.secondsToDetect)}; entry{' '}
              <a href={paths.record(openedIndex)}>{countText(openedIndex)}</a>
            </>
          ),
        },
        {
          term: 'Closed',
          is:
            closedAt === null || closedIndex === null ? null : (
              <>
                <Time at={closedAt} />, after {durationText(finding.secondsToRemediate ?? 0)}; entry{' '}
                <a href={paths.record(closedIndex)}>{countText(closedIndex)}</a>
              </>
            ),
        },
      ]}
    />
  );
}

function Entries({ facts: { entries } }: { readonly facts: ReadFacts }): JSX.Element | null {
  if (entries.length === 0) return null;
  return (
    <p>
      Shown by {entries.length === 1 ? 'entry' : 'entries'}{' '}
      {entries.slice(0, 20).map((index, place) => (
        <>
          {place > 0 && ', '}
          <a href={paths.record(index)}>{countText(index)}</a>
        </>
      ))}
      {entries.length > 20 && ` and ${entries.length - 20} more`}.
    </p>
  );
}

function Accept({ view: { finding, reason, problems } }: { readonly view: FindingDetailView }): JSX.Element {
  return (
    <Panel
      id="accept"
      title="Accept what is in force"
      note="It is then what is intended of these policies, from now on. This is recorded under your name, and no substitute for an approved change."
    >
      <ProblemSummary problems={problems} />
      <form method="post" action={paths.acceptDrift(finding.id)} class="form">
        <TextArea name="reason" label="Reason" rows={3} value={reason} problems={problems} required />
        <div class="actions">
          <button type="submit" class="button">
            Accept as intended
          </button>
        </div>
      </form>
    </Panel>
  );
}
