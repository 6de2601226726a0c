/*
 * Lines that name the columns of those behind them: the header of a Zeek log (`#fields …`), of an AWS
 * flow log file, of an export as comma-separated values. They are records too, and are handed with
 * each line behind them, so that one line can be read without its file.
 */

/** Names that no line of values has, in AWS flow logs and their exports. */
const flowLogColumns =
  /(?:^|[\s,"])(?:(?:pkt[-_]?)?(?:src|dst)_?addr|sourceaddress|(?:interface|tgw)[-_]?id|log[-_]?status)(?=[\s,"]|$)/i;
/** Results of CloudWatch Logs Insights. */
const insightsColumns = /(?:^|,)"?@(?:timestamp|ingestionTime|message|log|logStream)"?(?:,|$)/;
const nameList = /^"?@?[A-Za-z][A-Za-z0-9_-]*"?(?:[ ,\t]"?@?[A-Za-z][A-Za-z0-9_-]*"?)+$/;
/** A table of Illumio's in an export of Microsoft Sentinel, whose portal puts the zone behind the name of a time. */
const exportedTable = /^"?\w{1,60}(?: \[[\w ]{1,20}\])?"?(?:,"?\w{1,60}(?: \[[\w ]{1,20}\])?"?){5,200}$/;
const longestHeader = 8192;

/** Does this line name columns? `#` begins the directives of Zeek's logs. */
export function isColumnHeader(line: string): boolean {
  if (line.startsWith('#')) return true;
  if (line.length > longestHeader) return false;
  const isCloudTable = nameList.test(line) && (flowLogColumns.test(line) || insightsColumns.test(line));
  return isCloudTable || isExportedTable(line);
}

/** Does this line name the columns of an exported table of Illumio's? */
export function isExportedTable(line: string): boolean {
  return /(?:^|[",])pce_fqdn[",]/.test(line) && exportedTable.test(line);
}

/** Directives that say how Zeek's lines are written; the others (`#open`, `#close`) differ from file to file. */
const kept = /^#(?:separator|set_separator|empty_field|unset_field|path|fields|types)(?![\w:])/;

/** What the lines behind a header need to know of it: the directives of a Zeek header, one a line, or the names. */
export function columnsAfter(header: string, before: string | undefined): string | undefined {
  if (!header.startsWith('#')) return header;
  const name = /^#\w+/.exec(header)?.[0] ?? '';
  if (name === '#separator') return header;
  if (!kept.test(header) || header.length > longestHeader) return before;
  const others = (before ?? '').split('\n').filter((line) => line.startsWith('#') && /^#\w+/.exec(line)?.[0] !== name);
  return [...others, header].join('\n').slice(0, 2 * longestHeader);
}
