import type { ComponentChildren, JSX } from 'preact';

/**
 * The one table of the portal. On narrow screens each row becomes a card whose cells carry their
 * column's name; roles are written out because changing the display of table elements makes
 * browsers forget them.
 */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Right-aligned tabular figures. */
  readonly numeric?: boolean;
  /** The cell that names the row: a row header, and the title of the card. One per table. */
  readonly names?: boolean;
  /** Takes the whole width of the card. */
  readonly wide?: boolean;
  /** Never broken over lines. */
  readonly tight?: boolean;
  /** What the column is sorted by when sorting in the browser is on and the text will not do. */
  readonly sortBy?: (row: Row) => string | number;
}

interface TableProps<Row> {
  readonly id: string;
  readonly caption: string;
  /** Caption for screen readers only, where a heading above already says it. */
  readonly captionHidden?: boolean;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowId?: (row: Row) => string;
  /** The whole list is here, so the browser may sort it. */
  readonly sortable?: boolean;
  /** Shown in place of the table when there is nothing in it. */
  readonly empty: ComponentChildren;
}

function cellClass<Row>(column: Column<Row>): string | undefined {
  const names = [
    column.numeric === true ? 'num' : '',
    column.names === true ? 'row-name' : '',
    column.wide === true ? 'wide' : '',
    column.tight === true ? 'tight' : '',
  ].filter((name) => name !== '');
  return names.length === 0 ? undefined : names.join(' ');
}

export function Table<Row>(props: TableProps<Row>): JSX.Element {
  const { id, caption, columns, rows, sortable = false } = props;
  if (rows.length === 0) return <div class="table-empty">{props.empty}</div>;
  return (
    <div class="table-frame">
      <table id={id} role="table" data-sortable={sortable && rows.length > 1 ? '' : undefined}>
        <caption class={props.captionHidden === true ? 'unseen' : undefined}>{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.head} role="columnheader" scope="col" class={cellClass(column)}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <TableRow key={props.rowId?.(row)} id={props.rowId?.(row)} columns={columns} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface TableRowProps<Row> {
  readonly id: string | undefined;
  readonly columns: readonly Column<Row>[];
  readonly row: Row;
}

function TableRow<Row>({ id, columns, row }: TableRowProps<Row>): JSX.Element {
  return (
    <tr role="row" id={id}>
      {columns.map((column) => {
        const sortBy = column.sortBy?.(row);
        const shared = { class: cellClass(column), 'data-head': column.head, 'data-sort': sortBy };
        return column.names === true ? (
          <th key={column.head} role="rowheader" scope="row" {...shared}>
            {column.cell(row)}
          </th>
        ) : (
          <td key={column.head} role="cell" {...shared}>
            {column.cell(row)}
          </td>
        );
      })}
    </tr>
  );
}
