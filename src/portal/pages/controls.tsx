import type { JSX } from 'preact';
import { ResultShares } from '../components/chart.js';
import { ControlCard } from '../components/control-card.js';
import { Age, Span, Time, countOf } from '../components/figures.js';
import { EmptyState, Panel } from '../components/panel.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { ControlsView } from '../views.js';

export function ControlsPage(view: ControlsView): JSX.Element {
  const { shell, controls, frameworks } = view;
  return (
    <Layout
      shell={shell}
      title="Controls"
      lead="What Segproof checks by the records, and what that says about each framework."
      actions={
        may(shell, 'reports.request') ? (
          <a class="button button-main" href={paths.newReport}>
            Build a report
          </a>
        ) : undefined
      }
    >
      <Panel
        id="frameworks"
        title="Frameworks"
        note="A result reaches a requirement only over a direct mapping that covers it; the rest stays not assessed."
      >
        <div class="framework-list">
          {frameworks.map((framework) => (
            <Framework framework={framework} now={shell.now} />
          ))}
        </div>
      </Panel>
      <Panel id="controls" title="Latest assessment" note={<AssessmentNote view={view} />}>
        {controls.length === 0 ? (
          <EmptyState title="Nothing was assessed yet">
            The controls are assessed for a period as soon as a report is built.
          </EmptyState>
        ) : (
          controls.map((control) => <ControlCard control={control} />)
        )}
      </Panel>
    </Layout>
  );
}

function AssessmentNote({ view: { assessment, shell } }: { readonly view: ControlsView }): JSX.Element {
  if (assessment === null) return <>Not assessed yet.</>;
  return (
    <>
      Made <Age at={assessment.at} now={shell.now} /> for {assessment.scope},{' '}
      <Span from={assessment.period.from} to={assessment.period.to} precision="day" />, on{' '}
      {countOf(assessment.logSize, 'entry', 'entries')} of the log
    </>
  );
}

function Framework({
  framework,
  now,
}: {
  readonly framework: ControlsView['frameworks'][number];
  readonly now: string;
}): JSX.Element {
  const { title, version, publisher, requirements, totals, latestReport } = framework;
  return (
    <div>
      <h3>{title}</h3>
      <p class="note">
        {publisher}, {version}, {countOf(requirements, 'requirement')}
      </p>
      {totals === null ? (
        <p class="note">Not assessed yet.</p>
      ) : (
        <ResultShares
          totals={totals}
          {...(latestReport === null
            ? {}
            : { link: (result) => `${paths.report(latestReport.id, { result })}#requirements` })}
        />
      )}
      {latestReport !== null && (
        <p class="note">
          <a href={paths.report(latestReport.id)}>Latest report</a> <Age at={latestReport.requestedAt} now={now} />,{' '}
          <Time at={latestReport.requestedAt} precision="minute" />
        </p>
      )}
    </div>
  );
}
