import type { JSX } from 'preact';
import type { RequirementResult, ResultWord } from '../../controls/model.js';
import type { ReportModel } from '../../evidence/report-model.js';
import { ResultShares } from '../components/chart.js';
import { ControlCard } from '../components/control-card.js';
import { Facts } from '../components/facts.js';
import { Span, Time, bytesText, countOf, countText, durationText } from '../components/figures.js';
import { Icon } from '../components/icon.js';
import { Identifier, Name } from '../components/identifier.js';
import { CodeBlock } from '../components/json-text.js';
import { Banner, EmptyState, Panel } from '../components/panel.js';
import { StatusMark, changeStateMarks, reportStateMarks, resultMarks } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { ReportDetailView } from '../views.js';

export function ReportPage(view: ReportDetailView): JSX.Element {
  const { shell, id, report } = view;
  return (
    <Layout
      shell={shell}
      title={view.title}
      marks={<StatusMark {...reportStateMarks[view.state]} />}
      crumbs={[{ href: paths.reports, word: 'Reports' }]}
      actions={view.files === null ? undefined : <Downloads id={id} files={view.files} />}
    >
      {view.failure !== null && (
        <Banner tone="bad" title="The report could not be built">
          <p>{view.failure}</p>
          <p>
            Requested by {view.requestedBy}, <Time at={view.requestedAt} />. {may(shell, 'reports.request') && <a href={paths.newReport}>Build another</a>}
          </p>
        </Banner>
      )}
      {(view.state === 'queued' || view.state === 'building') && <Building view={view} />}
      {report !== null && <Ready view={view} report={report} />}
    </Layout>
  );
}

function Downloads({ id, files }: { readonly id: string; readonly files: NonNullable<ReportDetailView['files']> }): JSX.Element {
  return (
    <>
      <a class="button button-main" href={paths.reportPdf(id)}>
        <Icon name="download" />
        PDF <span class="button-note">{bytesText(files.pdf.bytes)}</span>
      </a>
      <a class="button" href={paths.reportPackage(id)}>
        <Icon name="download" />
        Package <span class="button-note">{bytesText(files.package.bytes)}</span>
      </a>
    </>
  );
}

function Building({ view: { id, progress, requestedAt, requestedBy } }: { readonly view: ReportDetailView }): JSX.Element {
  return (
    <Panel id="building" title="Being built">
      <div class="building" data-progress={paths.reportProgress(id)} aria-live="polite">
        <label for="building-progress" data-progress-step>
          {progress?.step ?? 'Waiting for a worker'}
        </label>
        <progress id="building-progress" value={progress?.done} max={progress?.total ?? 1} />
      </div>
      <p class="note">
        Requested by {requestedBy}, <Time at={requestedAt} />. <a href={paths.report(id)}>Look again</a>
      </p>
    </Panel>
  );
}

function Ready({ view, report }: { readonly view: ReportDetailView; readonly report: ReportModel }): JSX.Element {
  return (
    <>
      <Facts
        columns={2}
        facts={[
          { term: 'Framework', is: `${report.framework.title}, ${report.framework.version}` },
          { term: 'Period', is: <Span from={report.period.from} to={report.period.to} /> },
          { term: 'Scope', is: report.scope.estate ? `the whole estate, ${countOf(report.scope.segments.length, 'segment')}` : report.scope.segments.map(({ name }) => name).join(', ') },
          {
            term: 'Requested',
            is: (
              <>
                <Time at={report.requestedAt} /> by {report.requestedBy}
              </>
            ),
          },
          { term: 'Records in period', is: recordsLink(report, report.totals.recordsInPeriod, {}) },
          { term: 'Records included', is: countText(report.totals.recordsIncluded) },
          { term: 'Flows in scope', is: recordsLink(report, report.totals.flowsInScope, { kind: 'flow' }) },
          { term: 'Rejected in period', is: <a href={paths.rejected()}>{countText(report.totals.rejectedInPeriod)}</a> },
        ]}
      />
      <Panel id="totals" title={`${countOf(report.totals.requirements, 'requirement')}`}>
        <ResultShares totals={report.totals} link={(result) => `${paths.report(view.id, { result })}#requirements`} />
      </Panel>
      <Unauthorised report={report} />
      <Requirements view={view} report={report} />
      <Panel id="controls" title="Controls" note="What was checked, how, and on which records.">
        {report.controls.map((control) => (
          <ControlCard control={control} />
        ))}
      </Panel>
      <Changes report={report} />
      <Sources report={report} />
      <Integrity view={view} report={report} />
    </>
  );
}

function recordsLink(report: ReportModel, count: number, query: { readonly kind?: string }): JSX.Element {
  return <a href={paths.records({ from: report.period.from, to: report.period.to, ...query })}>{countText(count)}</a>;
}

function Unauthorised({ report: { unauthorisedChanges } }: { readonly report: ReportModel }): JSX.Element {
  return (
    <Panel id="unauthorised" title="Unauthorised changes" note="Policy changes of the period for which no approved change was found.">
      <Table
        id="unauthorised-table"
        caption="Unauthorised changes"
        captionHidden
        rows={unauthorisedChanges}
        sortable
        empty={<EmptyState title="None">Every policy change of the period was covered by an approved change.</EmptyState>}
        columns={[
          { head: 'Record', numeric: true, names: true, sortBy: ({ index }) => index, cell: ({ index }) => <a href={paths.record(index)}>{countText(index)}</a> },
          { head: 'Event time', tight: true, cell: ({ eventTime }) => <Time at={eventTime} /> },
          { head: 'Policy', wide: true, cell: ({ policy }) => <Name text={policy} /> },
          { head: 'Action', cell: ({ action }) => action },
          { head: 'Author', cell: ({ author }) => <Name text={author} /> },
          { head: 'Why it counts', wide: true, cell: ({ explanation }) => explanation },
        ]}
      />
    </Panel>
  );
}

const resultOrder: readonly ResultWord[] = ['satisfied', 'not_satisfied', 'not_assessed', 'not_applicable'];

function Requirements({ view, report }: { readonly view: ReportDetailView; readonly report: ReportModel }): JSX.Element {
  const shown = report.requirements.filter(({ result }) => view.result === null || result === view.result);
  return (
    <Panel id="requirements" title="Requirements">
      <nav class="tabs" aria-label="Requirements by result">
        <ul>
          <li>
            <a href={`${paths.report(view.id)}#requirements`} aria-current={view.result === null ? 'page' : undefined}>
              All <span class="tab-count">{report.requirements.length}</span>
            </a>
          </li>
          {resultOrder.map((result) => (
            <li key={result}>
              <a href={`${paths.report(view.id, { result })}#requirements`} aria-current={view.result === result ? 'page' : undefined}>
                {resultMarks[result].word} <span class="tab-count">{report.requirements.filter((requirement) => requirement.result === result).length}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <Table
        id="requirement-table"
        caption={`${countText(shown.length)} of ${countOf(report.requirements.length, 'requirement')}`}
        captionHidden
        rows={shown}
        rowId={({ id }) => id}
        sortable
        columns={requirementColumns(report.controls)}
        empty={
          <EmptyState title="No requirement has this result">
            <a href={`${paths.report(view.id)}#requirements`}>Show all requirements</a>
          </EmptyState>
        }
      />
    </Panel>
  );
}

function requirementColumns(controls: ReportModel['controls']): readonly Column<RequirementResult>[] {
  const titles = new Map(controls.map(({ controlId, title }) => [controlId, title]));
  return [
  { head: 'Id', tight: true, cell: ({ displayId }) => displayId },
  { head: 'Requirement', names: true, cell: ({ title }) => title },
  { head: 'Result', tight: true, cell: ({ result }) => <StatusMark {...resultMarks[result]} /> },
  { head: 'Why', wide: true, cell: ({ reason }) => reason },
  { head: 'Controls', wide: true, cell: (requirement) => <MappedControls requirement={requirement} titles={titles} /> },
  ];
}

interface MappedControlsProps {
  readonly requirement: RequirementResult;
  readonly titles: ReadonlyMap<string, string>;
}

function MappedControls({ requirement: { controls }, titles }: MappedControlsProps): JSX.Element {
  if (controls.length === 0) return <span class="note">–</span>;
  return (
    <ul class="plain-list">
      {controls.map(({ controlId, relationship, strength, rationale }) => (
        <li key={controlId} title={rationale}>
          <a href={`#control-${controlId}`}>{titles.get(controlId) ?? controlId}</a>{' '}
          <span class="note">
            {strength}, {relationship.replaceAll('-', ' ')}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Changes({ report: { changes } }: { readonly report: ReportModel }): JSX.Element {
  return (
    <Panel id="changes" title="Changes of the period">
      <Table
        id="change-table"
        caption="Changes of the period"
        captionHidden
        rows={changes}
        sortable
        empty={<EmptyState title="None">No change was proposed or carried out in the period.</EmptyState>}
        columns={[
          { head: 'Change', names: true, cell: ({ id, title }) => <a href={paths.change(id)}>{`${id} ${title}`}</a> },
          {
            head: 'State',
            tight: true,
            cell: ({ state }) => (state === 'proposed' || state === 'approved' || state === 'rejected' ? <StatusMark {...changeStateMarks[state]} /> : state),
          },
          { head: 'Requester', cell: ({ requester }) => requester },
          { head: 'Approver', cell: ({ approver }) => approver ?? '–' },
          { head: 'Window', wide: true, cell: ({ windowFrom, windowTo }) => <Span from={windowFrom} to={windowTo} /> },
          {
            head: 'Carried out by',
            wide: true,
            cell: ({ carriedOut }) =>
              carriedOut.length === 0 ? <span class="note">–</span> : carriedOut.map(({ index }, place) => <>{place > 0 && ', '}<a href={paths.record(index)}>{countText(index)}</a></>),
          },
        ]}
      />
    </Panel>
  );
}

function Sources({ report: { sources } }: { readonly report: ReportModel }): JSX.Element {
  return (
    <Panel id="sources" title="Completeness of the sources">
      <Table
        id="source-table"
        caption="Sources in the period"
        captionHidden
        rows={sources}
        sortable
        empty={<EmptyState title="No source">No source sent anything in the period.</EmptyState>}
        columns={[
          { head: 'Source', names: true, cell: ({ name }) => <a href={paths.records({ source: name })}>{name}</a> },
          { head: 'Health', tight: true, cell: ({ silent }) => <StatusMark tone={silent ? 'bad' : 'good'} word={silent ? 'Silent' : 'Reporting'} /> },
          { head: 'Received', numeric: true, sortBy: ({ received }) => received, cell: ({ received }) => countText(received) },
          { head: 'Rejected', numeric: true, sortBy: ({ rejected }) => rejected, cell: ({ rejected }) => countText(rejected) },
          { head: 'Longest gap', sortBy: ({ longestGapSeconds }) => longestGapSeconds ?? 0, cell: ({ longestGapSeconds: gap }) => (gap === null ? '–' : durationText(gap)) },
          { head: 'Last event time', tight: true, cell: ({ lastEventTime }) => (lastEventTime === null ? '–' : <Time at={lastEventTime} />) },
        ]}
      />
    </Panel>
  );
}

function Integrity({ view, report: { log } }: { readonly view: ReportDetailView; readonly report: ReportModel }): JSX.Element {
  const command = `segproof verify package.zip --key '${log.verifierKey}'`;
  return (
    <Panel id="integrity" title="Integrity, and how to verify it offline">
      <Facts
        facts={[
          { term: 'Whole log', is: <StatusMark tone={log.verified ? 'good' : 'bad'} word={log.verified ? 'Verified' : 'Not intact'} /> },
          { term: 'Verified', is: <Time at={log.verifiedAt} /> },
          { term: 'Problems', is: log.problems.length === 0 ? 'none' : log.problems.join('; ') },
          { term: 'Size', is: countOf(log.size, 'entry', 'entries') },
          { term: 'Root hash', is: <Identifier value={log.rootHash} name="root hash" keep={16} /> },
          { term: 'PDF, SHA-256', is: view.files === null ? null : <Identifier value={view.files.pdf.sha256} name="digest of the PDF" keep={16} /> },
          { term: 'Package, SHA-256', is: view.files === null ? null : <Identifier value={view.files.package.sha256} name="digest of the package" keep={16} /> },
          { term: 'Verifier key', is: <Identifier value={log.verifierKey} name="verifier key" keep={24} /> },
        ]}
      />
      <h3>Checkpoint</h3>
      <CodeBlock label="Signed checkpoint" copy={log.checkpoint}>
        {log.checkpoint}
      </CodeBlock>
      <h3>Verify the package without this service</h3>
      <p class="note">Get the verifier key by another way than the package, then:</p>
      <CodeBlock label="Command" exact copy={command}>
        {command}
      </CodeBlock>
    </Panel>
  );
}
