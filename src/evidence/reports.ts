import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { assess } from '../controls/assess.js';
import { frameworkById } from '../controls/catalogs/frameworks.js';
import { Snapshots } from '../controls/snapshot.js';
import { Clock, systemActor, type Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { SegmentName, Segments } from '../inventory/segments.js';
import { Jobs } from '../jobs/jobs.js';
import { actEntry } from '../log/act.js';
import { Checkpoints } from '../log/checkpoints.js';
import { encodeLeaf } from '../log/core/leaf.js';
import { hashLeaf } from '../log/core/tree.js';
import { Followers } from '../log/follower.js';
import { Log } from '../log/log.js';
import { leafOf, LogReader, type StoredEntry } from '../log/read.js';
import { formatNanoseconds } from '../log/time.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';
import { Verification } from '../log/verification.js';
import { buildReport, citedIndices } from './build-report.js';
import { buildPackage, reportAttachments, type PackagedRecord } from './package.js';
import { renderPdf } from './pdf/render.js';
import { ReportModel, type CitedRecord } from './report-model.js';

const Instant = z.iso.datetime({ offset: true, error: 'an RFC 3339 time such as 2026-10-01T00:00:00Z is needed' });

export const NewReport = z
  .object({
    title: z.string().trim().min(1).max(200).default('Evidence report'),
    frameworkId: z.string().min(1).max(100),
    /** Inclusive. */
    periodFrom: Instant,
    /** Exclusive. */
    periodTo: Instant,
    /** Segments in scope; empty for the whole estate. */
    segments: z.array(SegmentName).max(1000).default([]),
  })
  .refine((report) => Date.parse(report.periodFrom) < Date.parse(report.periodTo), {
    path: ['periodTo'],
    error: 'the period must end after it begins',
  });
export type NewReport = z.infer<typeof NewReport>;

export const ReportState = z.enum(['building', 'ready', 'failed']);

export const ReportView = z.object({
  id: z.string(),
  title: z.string(),
  frameworkId: z.string(),
  periodFrom: z.string(),
  periodTo: z.string(),
  segments: z.array(z.string()),
  requestedBy: z.string(),
  requestedAt: z.string(),
  state: ReportState,
  failure: z.string().nullable(),
  finishedAt: z.string().nullable(),
  files: z.array(z.object({ name: z.string(), mediaType: z.string(), bytes: z.number().int(), sha256: z.string() })),
});
export type ReportView = z.infer<typeof ReportView>;

interface ReportRow {
  readonly id: string;
  readonly title: string;
  readonly framework_id: string;
  readonly period_from: Date;
  readonly period_to: Date;
  readonly segments: string[];
  readonly requested_by: string;
  readonly requested_at: Date;
  readonly state: string;
  readonly failure: string | null;
  readonly finished_at: Date | null;
  readonly files: unknown;
}

const selectReports = `
  SELECT r.id, r.title, r.framework_id, r.period_from, r.period_to, r.segments, u.name AS requested_by, r.requested_at, r.state,
         r.failure, r.finished_at,
         (SELECT coalesce(json_agg(json_build_object('name', f.name, 'mediaType', f.media_type, 'bytes', length(f.content),
                   'sha256', encode(f.sha256, 'hex')) ORDER BY f.name), '[]'::json)
          FROM report_file f WHERE f.report_id = r.id) AS files
  FROM report r JOIN users u ON u.id = r.requested_by`;

/** Evidence reports: asked for, built by a job from the log as it stands, frozen, and handed out. */
@Injectable()
export class Reports {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(LogReader) private readonly reader: LogReader,
    @Inject(Checkpoints) private readonly checkpoints: Checkpoints,
    @Inject(Verification) private readonly verification: Verification,
    @Inject(Followers) private readonly followers: Followers,
    @Inject(Snapshots) private readonly snapshots: Snapshots,
    @Inject(Segments) private readonly segments: Segments,
    @Inject(Jobs) private readonly jobs: Jobs,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @throws Problem `invalid_input` for an unknown framework or segment. */
  async request(actor: Actor, input: NewReport): Promise<ReportView> {
    if (actor.id === null) throw new Problem('not_permitted', 'Reports are asked for by people, not by the service.');
    if (frameworkById(input.frameworkId) === undefined) {
      throw new Problem('invalid_input', `There is no framework ${input.frameworkId}.`, {
        errors: [{ pointer: '/frameworkId', message: 'not a framework of this service' }],
      });
    }
    const known = new Set((await this.segments.list()).map((segment) => segment.name));
    const unknown = input.segments.filter((name) => !known.has(name));
    if (unknown.length > 0) {
      throw new Problem('invalid_input', `There is no segment ${unknown.join(', ')}.`, {
        errors: [{ pointer: '/segments', message: `unknown: ${unknown.join(', ')}` }],
      });
    }
    const id = await this.log.transact(async ({ transaction, now, append }) => {
      const reportId = uuidText(uuidv7Bytes(now.getTime()));
      await transaction.query(
        `INSERT INTO report (id, title, framework_id, period_from, period_to, segments, requested_by, requested_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'building')`,
        [reportId, input.title, input.frameworkId, input.periodFrom, input.periodTo, input.segments, actor.id, now],
      );
      await append(actEntry('report.requested', actor, { report: { id: reportId, ...input } }));
      return reportId;
    });
    await this.jobs.add('report.build', { reportId: id }, `report:${id}`);
    return await this.get(id);
  }

  /** Asks again for the building of reports whose job was lost. */
  async resumeBuilding(): Promise<void> {
    const rows = await this.database.query<{ id: string }>(`SELECT id FROM report WHERE state = 'building'`);
    for (const { id } of rows) await this.jobs.add('report.build', { reportId: id }, `report:${id}`);
  }

  /** Builds a report: the job. Does nothing for one that is built already. */
  async build(reportId: string): Promise<void> {
    const report = await this.get(reportId);
    if (report.state === 'ready') return;
    try {
      await this.issue(report);
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      await this.log.transact(async ({ transaction, append }) => {
        await transaction.query(
          `UPDATE report SET state = 'failed', failure = $2 WHERE id = $1 AND state = 'building'`,
          [reportId, failure],
        );
        await append(actEntry('report.failed', systemActor, { report: reportId, failure }));
      });
      throw error;
    }
  }

  private async issue(report: ReportView): Promise<void> {
    const framework = frameworkById(report.frameworkId);
    if (framework === undefined) throw new Error(`the framework ${report.frameworkId} is gone`);
    // The report speaks of the log as it was verified: size and root of this moment.
    const verified = await this.verification.run();
    await this.followers.reached(verified.size);
    const checkpoint = await this.checkpoints.keepHead({
      origin: this.log.origin,
      size: verified.size,
      root: verified.root,
    });
    const period = { from: report.periodFrom, to: report.periodTo };
    const now = this.clock.now().toISOString();
    const snapshot = await this.snapshots.take({
      period,
      asOf: now < period.to ? now : period.to,
      segments: report.segments,
      integrity: {
        size: verified.size,
        rootHash: verified.root.toString('hex'),
        verified: verified.problems.length === 0,
        verifiedAt: verified.finishedAt.toISOString(),
        problems: verified.problems.map((problem) => `${problem.class} at ${problem.position}: ${problem.message}`),
      },
    });
    const assessment = assess(snapshot, framework);
    const indices = citedIndices(snapshot, assessment);
    const entries = await this.reader.entriesAt(indices);
    const model = buildReport(snapshot, assessment, framework, {
      reportId: report.id,
      title: report.title,
      requestedAt: report.requestedAt,
      requestedBy: report.requestedBy,
      estate: report.segments.length === 0,
      checkpoint: checkpoint.note,
      verifierKey: this.log.verifierKey,
      origin: this.log.origin,
      ...(await this.countRecords(period, verified.size)),
      records: await this.citedRecords(entries),
    });
    const proofs = await this.reader.inclusionProofs(indices, verified.size);
    const records = entries.map((entry, at): PackagedRecord => ({
      index: entry.index,
      leaf: leafOf(entry),
      content: entry.salt === null || entry.payload === null ? null : { salt: entry.salt, payload: entry.payload },
      erased: entry.payload === null ? 'The payload is no longer kept.' : null,
      proof: proofs[at] ?? [],
    }));
    const pdf = await renderPdf(model, reportAttachments(model, records));
    const bundle = buildPackage({ model, pdf, records, sign: (body) => this.log.signText(body) });
    await this.keep(report, model, pdf, bundle, verified.size);
  }

  private async keep(report: ReportView, model: ReportModel, pdf: Buffer, bundle: Buffer, size: number): Promise<void> {
    const files = [
      { name: 'report.pdf', mediaType: 'application/pdf', content: pdf },
      { name: 'package.zip', mediaType: 'application/zip', content: bundle },
    ];
    const digests = files.map(({ name, content }) => ({ name, sha256: hash('sha256', content, 'buffer') }));
    await this.log.transact(async ({ transaction, now, append }) => {
      const taken = await transaction.query(
        `UPDATE report SET state = 'ready', failure = NULL, model = $2, finished_at = $3 WHERE id = $1 AND state <> 'ready' RETURNING id`,
        [report.id, JSON.stringify(model), now],
      );
      // The same job may have run elsewhere; the first result stands.
      if (taken.length === 0) return;
      for (const [at, file] of files.entries()) {
        await transaction.query(
          'INSERT INTO report_file (report_id, name, media_type, sha256, content) VALUES ($1, $2, $3, $4, $5)',
          [report.id, file.name, file.mediaType, digests[at]?.sha256, file.content],
        );
      }
      await append(
        actEntry('report.issued', systemActor, {
          report: report.id,
          logSize: size,
          totals: model.totals,
          files: digests.map(({ name, sha256 }) => ({ name, sha256: sha256.toString('hex') })),
        }),
      );
    });
  }

  private async countRecords(period: { from: string; to: string }, size: number) {
    const rows = await this.database.query<{ kind: string; count: string }>(
      'SELECT kind, count(*) AS count FROM record WHERE event_time >= $1 AND event_time < $2 AND index < $3 GROUP BY kind ORDER BY kind',
      [period.from, period.to, size],
    );
    const recordsByKind = Object.fromEntries(rows.map((row) => [row.kind, Number(row.count)]));
    return { recordsByKind, rejectedInPeriod: recordsByKind['rejected'] ?? 0 };
  }

  private async citedRecords(entries: readonly StoredEntry[]): Promise<Map<number, CitedRecord>> {
    const rows = await this.database.query<{ index: string; summary: string }>(
      'SELECT index, summary FROM record WHERE index = ANY ($1::bigint[]) AND part = 0',
      [entries.map((entry) => entry.index)],
    );
    const summaries = new Map(rows.map((row) => [Number(row.index), row.summary]));
    return new Map(
      entries.map((entry) => [
        entry.index,
        {
          index: entry.index,
          id: entry.id,
          kind: entry.kind,
          source: entry.source,
          eventTime: formatNanoseconds(entry.occurredAtNs),
          receivedAt: entry.receivedAt.toISOString(),
          leafHash: hashLeaf(encodeLeaf(leafOf(entry))).toString('hex'),
          payloadHash: entry.payloadHash.toString('hex'),
          summary: summaries.get(entry.index) ?? entry.kind,
        },
      ]),
    );
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<ReportView> {
    const [row] = z.uuid().safeParse(id).success
      ? await this.database.query<ReportRow>(`${selectReports} WHERE r.id = $1`, [id])
      : [];
    if (row === undefined) throw new Problem('not_found', `There is no report ${id}.`);
    return viewOf(row);
  }

  async list(limit: number): Promise<ReportView[]> {
    return (
      await this.database.query<ReportRow>(`${selectReports} ORDER BY r.requested_at DESC, r.id DESC LIMIT $1`, [limit])
    ).map(viewOf);
  }

  /** The read model of a report that is ready; null while it is not. */
  async model(id: string): Promise<ReportModel | null> {
    const [row] = await this.database.query<{ model: unknown }>('SELECT model FROM report WHERE id = $1', [id]);
    return row?.model === null || row?.model === undefined ? null : ReportModel.parse(row.model);
  }

  /**
   * A file of a report; handing it out is recorded.
   * @throws Problem `not_found`
   */
  async download(actor: Actor, id: string, name: string): Promise<{ mediaType: string; content: Buffer }> {
    await this.get(id);
    const [row] = await this.database.query<{ media_type: string; content: Buffer }>(
      'SELECT media_type, content FROM report_file WHERE report_id = $1 AND name = $2',
      [id, name],
    );
    if (row === undefined) throw new Problem('not_found', `The report ${id} has no file ${name}, or is not ready yet.`);
    await this.log.transact(async ({ append }) => {
      await append(actEntry('report.downloaded', actor, { report: id, file: name }));
    });
    return { mediaType: row.media_type, content: row.content };
  }
}

function viewOf(row: ReportRow): ReportView {
  return ReportView.parse({
    id: row.id,
    title: row.title,
    frameworkId: row.framework_id,
    periodFrom: row.period_from.toISOString(),
    periodTo: row.period_to.toISOString(),
    segments: row.segments,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at.toISOString(),
    state: row.state,
    failure: row.failure,
    finishedAt: row.finished_at?.toISOString() ?? null,
    files: row.files,
  });
}
