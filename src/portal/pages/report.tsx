import type { JSX } from 'preact';
import type { ReportModel } from '../../evidence/report-model.js';
import { ResultShares } from '../components/chart.js';
import { ControlCard } from '../components/control-card.js';
import { Facts } from '../components/facts.js';
import { Span, Time, bytesText, countOf, countText } from '../components/figures.js';
import { Icon } from '../components/icon.js';
import { Identifier } from '../components/identifier.js';
import { CodeBlock } from '../components/json-text.js';
import { Banner, Panel } from '../components/panel.js';
import { Requirements } from '../components/report-requirements.js';
import { ReportedChanges, ReportedSources, UnauthorisedChanges } from '../components/report-tables.js';
import { StatusMark, reportStateMarks } from '../components/status-mark.js';
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
            Requested by {view.requestedBy}, <Time at={view.requestedAt} />.{' '}
            {may(shell, 'reports.request') && <a href={paths.newReport}>Build another</a>}
          </p>
        </Banner>
      )}
      {(view.state === 'queued' || view.state === 'building') && <Building view={view} />}
      {report !== null && <Ready view={view} report={report} />}
    </Layout>
  );
}

function Downloads({
  id,
  files,
}: {
  readonly id: string;
  readonly files: NonNullable<ReportDetailView['files']>;
}): JSX.Element {
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

function Building({
  view: { id, progress, requestedAt, requestedBy },
}: {
  readonly view: ReportDetailView;
}): JSX.Element {
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
          {
            term: 'Scope',
            is: report.scope.estate
              ? `the whole estate, ${countOf(report.scope.segments.length, 'segment')}`
              : report.scope.segments.map(({ name }) => name).join(', '),
          },
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
          {
            term: 'Rejected in period',
            is: <a href={paths.quarantine()}>{countText(report.totals.rejectedInPeriod)}</a>,
          },
        ]}
      />
      <Panel id="totals" title={countOf(report.totals.requirements, 'requirement')}>
        <ResultShares totals={report.totals} link={(result) => `${paths.report(view.id, { result })}#requirements`} />
      </Panel>
      <UnauthorisedChanges report={report} />
      <Requirements report={report} only={view.result} />
      <Panel id="controls" title="Controls" note="What was checked, how, and on which records.">
        {report.controls.map((control) => (
          <ControlCard control={control} />
        ))}
      </Panel>
      <ReportedChanges report={report} />
      <ReportedSources report={report} />
      <Integrity view={view} report={report} />
    </>
  );
}

function recordsLink(report: ReportModel, count: number, query: { readonly kind?: string }): JSX.Element {
  return <a href={paths.records({ from: report.period.from, to: report.period.to, ...query })}>{countText(count)}</a>;
}

function Integrity({
  view,
  report: { log },
}: {
  readonly view: ReportDetailView;
  readonly report: ReportModel;
}): JSX.Element {
  const command = `segproof verify package.zip --key '${log.verifierKey}'`;
  return (
    <Panel id="integrity" title="Integrity, and how to verify it offline">
      <Facts
        facts={[
          {
            term: 'Whole log',
            is: <StatusMark tone={log.verified ? 'good' : 'bad'} word={log.verified ? 'Verified' : 'Not intact'} />,
          },
          { term: 'Verified', is: <Time at={log.verifiedAt} /> },
          { term: 'Problems', is: log.problems.length === 0 ? 'none' : log.problems.join('; ') },
          { term: 'Size', is: countOf(log.size, 'entry', 'entries') },
          { term: 'Root hash', is: <Identifier value={log.rootHash} name="root hash" keep={16} /> },
          {
            term: 'PDF, SHA-256',
            is:
              view.files === null ? null : (
                <Identifier value={view.files.pdf.sha256} name="digest of the PDF" keep={16} />
              ),
          },
          {
            term: 'Package, SHA-256',
            is:
              view.files === null ? null : (
                <Identifier value={view.files.package.sha256} name="digest of the package" keep={16} />
              ),
          },
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
