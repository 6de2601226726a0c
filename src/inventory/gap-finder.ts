import { Inject, Injectable } from '@nestjs/common';
import type { Finder } from '../findings/finder.js';
import type { Cause, Severity } from '../findings/finding.js';
import { type MissingRecords, MissingRecordsRegister } from './missing-records.js';

/** Records that never came, each until it comes after all, a person acknowledges it, or what stands around it is no longer kept. */
@Injectable()
export class GapFinder implements Finder {
  readonly kinds = ['gap'] as const;

  constructor(@Inject(MissingRecordsRegister) private readonly register: MissingRecordsRegister) {}

  async find(): Promise<readonly Cause[]> {
    return (await this.register.unacknowledged()).map(causeOf);
  }
}

function causeOf(gap: MissingRecords): Cause {
  const { id, source, stream, kind, missing, firstNumber, lastNumber } = gap;
  const of = stream === '' ? source : `${source} (${stream})`;
  const many = missing === null ? 'An unknown number of records' : missing === '1' ? '1 record' : `${missing} records`;
  return {
    kind: 'gap',
    cause: id,
    segment: null,
    severity: severityOf(missing),
    title: kind === 'sequence' ? `${many} of ${of} never came` : `${of} lost ${lowered(many)}`,
    detail: detailOf(gap),
    facts: {
      source,
      id,
      stream,
      kind,
      missing,
      firstNumber,
      lastNumber,
      beforeIndex: gap.beforeIndex,
      afterIndex: gap.afterIndex,
      recordedIndex: gap.recordedIndex,
    },
    occurredAt: gap.foundAt,
  };
}

function detailOf({ kind, firstNumber, lastNumber, missing, beforeIndex, afterIndex }: MissingRecords): string {
  if (kind === 'loss_notice') return `The source says so itself, in entry ${afterIndex}.`;
  const all = String(BigInt(lastNumber ?? 0) - BigInt(firstNumber ?? 0) + 1n) === missing;
  const numbers =
    firstNumber === lastNumber
      ? `Number ${firstNumber}`
      : all
        ? `The numbers ${firstNumber} to ${lastNumber}`
        : `${missing} of the numbers ${firstNumber} to ${lastNumber}`;
  return `${numbers} did not come; entries ${beforeIndex} and ${afterIndex} stand on either side.`;
}

function lowered(text: string): string {
  return text.startsWith('An') ? `an${text.slice(2)}` : text;
}

function severityOf(missing: string | null): Severity {
  const lost = missing === null ? 100 : Number(missing);
  return lost >= 10_000 ? 'high' : lost >= 100 ? 'medium' : 'low';
}
