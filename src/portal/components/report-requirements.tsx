import type { JSX } from 'preact';
import type { RequirementResult, ResultWord } from '../../controls/model.js';
import type { ReportModel } from '../../evidence/report-model.js';
import { paths } from '../paths.js';
import { countOf, countText } from './figures.js';
import { EmptyState, Panel } from './panel.js';
import { StatusMark, resultMarks } from './status-mark.js';
import { Table, type Column } from './table.js';

const resultOrder: readonly ResultWord[] = ['satisfied', 'not_satisfied', 'not_assessed', 'not_applicable'];

interface RequirementsProps {
  readonly report: ReportModel;
  /** Only requirements with this result; null: all. */
  readonly only: ResultWord | null;
}

/** The requirements of the framework, each with its result, why, and the controls behind it. */
export function Requirements({ report, only }: RequirementsProps): JSX.Element {
  const shown = report.requirements.filter(({ result }) => only === null || result === only);
  return (
    <Panel id="requirements" title="Requirements">
      <nav class="tabs" aria-label="Requirements by result">
        <ul>
          <li>
            <a href={`${paths.report(report.reportId)}#requirements`} aria-current={only === null ? 'page' : undefined}>
              All <span class="tab-count">{report.requirements.length}</span>
            </a>
          </li>
          {resultOrder.map((result) => (
            <li key={result}>
              <a
                href={`${paths.report(report.reportId, { result })}#requirements`}
                aria-current={only === result ? 'page' : undefined}
              >
                {resultMarks[result].word}{' '}
                <span class="tab-count">
                  {report.requirements.filter((requirement) => requirement.result === result).length}
                </span>
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
            <a href={`${paths.report(report.reportId)}#requirements`}>Show all requirements</a>
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
    {
      head: 'Controls',
      wide: true,
      cell: (requirement) => <MappedControls requirement={requirement} titles={titles} />,
    },
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
