import type { JSX } from 'preact';
import type { Citation, Observation } from '../../controls/model.js';
import type { ReportedControl } from '../../evidence/report-model.js';
import { paths } from '../paths.js';
import { Time, countOf, countText } from './figures.js';
import { StatusMark, resultMarks, severityMarks } from './status-mark.js';
import { Table } from './table.js';

/** A control with its result, how it was reached, what it found, and the records behind it. */
export function ControlCard({ control }: { readonly control: ReportedControl }): JSX.Element {
  return (
    <article class="control" id={`control-${control.controlId}`} aria-labelledby={`control-${control.controlId}-title`}>
      <div class="control-head">
        <h3 id={`control-${control.controlId}-title`}>{control.title}</h3>
        {control.examined > 0 && (
          <span class="note">
            {countText(control.passed)} of {countText(control.examined)} passed
          </span>
        )}
        <StatusMark {...resultMarks[control.result]} />
      </div>
      <p>{control.reason}</p>
      <p class="note">
        {control.question} {control.method}
      </p>
      {control.observations.length > 0 && (
        <ul class="observations">
          {control.observations.map((observation) => (
            <Observed observation={observation} />
          ))}
        </ul>
      )}
      {control.citations.length > 0 && (
        <details class="more">
          <summary>
            {control.citedTotal > control.citations.length
              ? `${countText(control.citations.length)} of ${countOf(control.citedTotal, 'record')} behind it`
              : `${countOf(control.citations.length, 'record')} behind it`}
          </summary>
          <Citations
            id={`control-${control.controlId}-records`}
            caption={`Records behind ${control.title}`}
            citations={control.citations}
          />
        </details>
      )}
    </article>
  );
}

function Observed({
  observation: { severity, subject, statement, citations },
}: {
  readonly observation: Observation;
}): JSX.Element {
  return (
    <li>
      <StatusMark {...severityMarks[severity]} />
      <span>
        <b>{subject}</b>: {statement}{' '}
        {citations.length > 0 && (
          <span class="note">
            {citations.length === 1 ? 'Record' : 'Records'}{' '}
            {citations.map(({ index, summary }, place) => (
              <>
                {place > 0 && ', '}
                <a href={paths.record(index)} title={summary}>
                  {countText(index)}
                </a>
              </>
            ))}
          </span>
        )}
      </span>
    </li>
  );
}

interface CitationsProps {
  readonly id: string;
  readonly caption: string;
  readonly citations: readonly Citation[];
}

export function Citations({ id, caption, citations }: CitationsProps): JSX.Element {
  return (
    <Table
      id={id}
      caption={caption}
      captionHidden
      rows={citations}
      sortable
      empty={null}
      columns={[
        {
          head: 'Index',
          numeric: true,
          names: true,
          sortBy: ({ index }) => index,
          cell: ({ index }) => <a href={paths.record(index)}>{countText(index)}</a>,
        },
        { head: 'Event time', tight: true, cell: ({ eventTime }) => <Time at={eventTime} /> },
        { head: 'What happened', wide: true, cell: ({ summary }) => summary },
      ]}
    />
  );
}
