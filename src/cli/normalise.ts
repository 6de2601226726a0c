import { Command, InvalidArgumentError, Option } from 'commander';
import { readFileSync } from 'node:fs';
import { text as readText } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { FormatName, formatNames, type RecordContext } from '../ingestion/normal-form.js';
import { previewRecords } from '../ingestion/preview.js';
import { contextOf as contextOfSource, SourceSettings } from '../ingestion/source-settings.js';
import { exitCodes } from './exit-codes.js';

const gzipMagic = Buffer.from([0x1f, 0x8b]);

interface Flags {
  readonly format: string;
  readonly sourceConfig?: string;
  readonly receivedAt: Date;
  readonly lines?: boolean;
}

/** `segproof normalise`: what the service would make of a file, without a service. */
export function normaliseCommand(): Command {
  return new Command('normalise')
    .description(
      'Show what Segproof makes of records: reads files as a source would send them, without database or service.',
    )
    .argument('<files...>', 'files of records, also packed with gzip; - reads standard input')
    .addOption(
      new Option('--format <name>', 'the format of the records; auto recognises each')
        .choices(['auto', ...formatNames])
        .default('auto'),
    )
    .option('--source-config <file>', 'settings of the source as JSON: format, zone, verdicts, columns')
    .option(
      '--received-at <time>',
      'when the records came, RFC 3339: what a missing year is guessed from',
      readInstant,
      new Date(),
    )
    .option('--lines', 'each line is a record, as with application/x-ndjson')
    .addHelpText(
      'after',
      `
Prints one JSON object a line for each fact: "record" counts the records of the file from 0 on, "part" the facts of one record;
"format", "guesses" and "normalForm", or "quarantined" with the reason, and "raw". Exits with 1 when a record was quarantined.`,
    )
    .action(async (files: readonly string[], flags: Flags) => {
      const context = contextOf(flags);
      let quarantined = 0;
      for (const file of files) {
        for (const preview of previewRecords(await bodyOf(file), context, flags.lines === true, flags.receivedAt)) {
          if (preview.quarantined !== null) quarantined++;
          if (!process.stdout.write(`${JSON.stringify({ file, ...preview })}\n`)) await drained();
        }
      }
      process.exitCode = quarantined === 0 ? exitCodes.good : exitCodes.bad;
    });
}

async function bodyOf(file: string): Promise<Buffer> {
  const body = file === '-' ? Buffer.from(await readText(process.stdin)) : readFileSync(file);
  return body.subarray(0, 2).equals(gzipMagic) ? gunzipSync(body) : body;
}

async function drained(): Promise<void> {
  await new Promise((resolve) => process.stdout.once('drain', resolve));
}

/** What `GET /api/v1/sources` says of a source, as far as it counts here; `columns` and the like may stand alone. */
const SourceConfig = SourceSettings.partial().extend({ format: FormatName.nullable().optional() });

function contextOf({ format, sourceConfig }: Flags): RecordContext {
  const given = sourceConfig === undefined ? {} : settingsIn(sourceConfig);
  const fixed = FormatName.safeParse(format).data ?? given.format ?? null;
  const { format: _, ...settings } = given;
  return contextOfSource(fixed, SourceSettings.parse(settings));
}

function settingsIn(file: string): z.infer<typeof SourceConfig> {
  const settings = SourceConfig.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (settings.success) return settings.data;
  throw new InvalidArgumentError(`${file}: ${z.prettifyError(settings.error)}`);
}

function readInstant(text: string): Date {
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime())) throw new InvalidArgumentError('expected a time such as 2026-11-01T00:00:00Z');
  return instant;
}
