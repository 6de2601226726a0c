import type { JSX } from 'preact';
import type { MissingRecords } from '../../inventory/missing-records.js';
import { TextField } from '../components/fields.js';
import { countText, Time } from '../components/figures.js';
import { Panel } from '../components/panel.js';
import { StatusMark } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { paths } from '../paths.js';
import type { SourceView } from '../source-views.js';

/** Records of the source that never came, and what people said of them. */
export function SourceMissingPanel({ source, missing, mayManage, problems }: SourceView): JSX.Element | null {
  if (missing.length === 0) return null;
  const open = missing.filter(({ state }) => state === 'open');
  return (
    <Panel
      id="missing"
      title="Missing records"
      note="Numbers that the source skipped, and losses it reported itself; each is an entry of the log."
    >
      <Table
        id="missing-records"
        caption="Missing records"
        captionHidden
        columns={columns}
        rows={missing}
        rowId={({ id }) => `missing-${id}`}
        empty={null}
      />
      {mayManage && open.length > 0 && (
        <form method="post" action={paths.acknowledgeMissing(source.name)} class="form form-wide">
          <p class="note">
            What is open stays a finding until it comes, or until somebody says why it is missing. The reason becomes an
            entry.
          </p>
          <TextField
            name="reason"
            label={`Why ${open.length === 1 ? 'is it' : 'are they'} missing?`}
            value=""
            required
            maxLength={2000}
            problems={problems}
          />
          {open.map(({ id }) => (
            <input key={id} type="hidden" name="id" value={id} />
          ))}
          <div class="actions">
            <button type="submit" class="button">
              {open.length === 1 ? 'Acknowledge' : `Acknowledge all ${open.length}`}
            </button>
          </div>
        </form>
      )}
    </Panel>
  );
}

const columns: readonly Column<MissingRecords>[] = [
  {
    head: 'Missing',
    names: true,
    cell: ({ missing, kind, firstNumber, lastNumber }) => (
      <>
        {missing === null ? 'unknown number' : countText(Number(missing))}
        <span class="note block">
          {kind === 'loss_notice'
            ? 'reported by the source'
            : firstNumber === lastNumber
              ? `number ${firstNumber}`
              : `numbers ${firstNumber} to ${lastNumber}`}
        </span>
      </>
    ),
  },
  { head: 'Counter', cell: ({ stream }) => (stream === '' ? <span class="note">–</span> : stream) },
  {
    head: 'Between',
    tight: true,
    cell: ({ beforeIndex, afterIndex }) => (
      <>
        {beforeIndex !== null && (
          <>
            <a href={paths.record(beforeIndex)}>{beforeIndex}</a> and{' '}
          </>
        )}
        <a href={paths.record(afterIndex)}>{afterIndex}</a>
      </>
    ),
  },
  { head: 'Found', tight: true, cell: ({ foundAt }) => <Time at={foundAt} /> },
  {
    head: 'State',
    cell: ({ state, acknowledgedBy, reason }) =>
      state === 'open' ? (
        <StatusMark tone="warn" word="Open" />
      ) : state === 'filled' ? (
        <StatusMark tone="good" word="Came late" />
      ) : (
        <>
          <StatusMark tone="quiet" word="Acknowledged" />
          <span class="note block">
            {acknowledgedBy}: {reason}
          </span>
        </>
      ),
  },
];
