import { hash } from 'node:crypto';
import type { z } from 'zod';
import { canonicalJson } from '../log/core/canonical-json.js';
import { CheckpointError, parseCheckpoint, type Checkpoint } from '../log/core/checkpoint.js';
import { NoteError, openNote, parseVerifierKey, type Verifier } from '../log/core/note.js';
import { manifestedFiles, packageFiles, type PackageFileName } from './package-files.js';
import { Manifest, manifestNoteBody } from './package-format.js';
import { ReportModel } from './report-model.js';
import { Findings, type Report, type VerificationResult } from './verification.js';
import { verifyRecords, type RecordFiles } from './verify-records.js';
import { verifyCitations, verifyTotals } from './verify-report.js';
import { archiveDirectory, readZip } from './zip.js';

/**
 * Verifies an evidence package with nothing but the key of the log. Pure: no network, no clock.
 * All steps are run even when an early one fails, so that damage is laid to a file and, in
 * records.ndjson and proofs.ndjson, to a record.
 *
 * @param bytes the package as a file; may come from an attacker
 * @param verifierKey `name+id+base64`, obtained from the operator and not from the package
 * @throws NoteError `bad_key` when the key given is no verifier key
 *
 * @example
 * const result = verifyPackage(readFileSync('evidence.zip'), key);
 * if (result.verdict !== 'verified') console.error(result.problems);
 */
export function verifyPackage(bytes: Buffer, verifierKey: string): VerificationResult {
  const verifier = parseVerifierKey(verifierKey);
  const findings = new Findings();
  const files = findings.step('archive', (report) => openArchive(bytes, report));
  const signed = findings.step('manifest-signature', (report) => {
    const read = readCanonical('manifest.json', files.get('manifest.json'), Manifest, report);
    return { manifest: read, ...openManifest(read, files, verifier, report) };
  });
  const manifest = findings.damaged.has('manifest.json') ? null : signed.manifest;
  if (manifest === null) findings.skip('file-digests');
  else {
    findings.step('file-digests', (report) => verifyDigests(manifest, files, report));
  }
  // A damaged file is named once; comparing others with it would only spread the blame.
  const { damaged } = findings;
  const { model, checkpoint, otherKey } = findings.step('checkpoint-signature', (report) => {
    const read = readCanonical('report.json', files.get('report.json'), ReportModel, report);
    const opened = openCheckpointFile(files.get('checkpoint.txt'), verifier, report);
    if (read !== null && !damaged.has('report.json')) {
      if (opened.checkpoint !== null) verifyLogOf(read, opened.checkpoint, report);
      const whole = (name: PackageFileName): Buffer | undefined => (damaged.has(name) ? undefined : files.get(name));
      const copies = { manifest, checkpoint: whole('checkpoint.txt'), keys: whole('keys.txt') };
      verifyCopies(read, copies, report);
      if (!opened.otherKey && read.log.verifierKey !== verifier.text) {
        report({ file: 'report.json', message: 'the report prints another verifier key than the one given' });
      }
    }
    return { model: read, ...opened };
  });
  const cited = damaged.has('report.json') ? null : (model?.records ?? null);
  const counts = verifyRecordFiles(findings, files, { cited, damaged, checkpoint });
  if (model === null) {
    findings.skip('citations');
    findings.skip('totals');
  } else {
    findings.step('citations', (report) => verifyCitations(model, report));
    findings.step('totals', (report) => verifyTotals(model, report));
  }

  const { problems, steps } = findings;
  const onlyTheKey = signed.otherKey && otherKey && problems.length === 2;
  return {
    verdict: problems.length === 0 ? 'verified' : onlyTheKey ? 'other_key' : 'failed',
    reportId: signed.manifest?.reportId ?? model?.reportId ?? null,
    key: `${verifier.name}+${verifier.keyId}`,
    log:
      checkpoint === null
        ? null
        : { origin: checkpoint.origin, size: checkpoint.size, rootHash: checkpoint.root.toString('hex') },
    recordsVerified: counts.verified,
    recordsErased: counts.erased,
    steps,
    problems,
  };
}

function openArchive(bytes: Buffer, report: Report): Map<string, Buffer> {
  const { entries, problems } = readZip(bytes);
  const names: readonly string[] = packageFiles.map((file) => file.name);
  const files = new Map<string, Buffer>();
  entries.forEach(({ name, data }, at) => {
    if (names.includes(name)) {
      files.set(name, data);
      return;
    }
    report({ file: archiveDirectory, message: `the directory lists ${name}, which does not belong to a package` });
    // One name of a complete package is wrong: its place tells which file it is.
    const due = names[at];
    if (entries.length === names.length && due !== undefined && entries.every((entry) => entry.name !== due))
      files.set(due, data);
  });
  for (const problem of problems) {
    report({ ...problem, file: names.includes(problem.file) ? problem.file : archiveDirectory });
  }
  for (const name of names)
    if (!files.has(name)) report({ file: name, message: 'the file is missing from the package' });
  if (problems.length === 0 && [...files.keys()].join('\n') !== names.filter((name) => files.has(name)).join('\n')) {
    report({ file: archiveDirectory, message: `the files are not in their order: ${names.join(', ')}` });
  }
  return files;
}

function verifyRecordFiles(
  findings: Findings,
  files: ReadonlyMap<string, Buffer>,
  context: Omit<RecordFiles, 'records' | 'proofs'>,
): { readonly verified: number; readonly erased: number } {
  const records = files.get('records.ndjson');
  const proofs = files.get('proofs.ndjson');
  if (records === undefined || proofs === undefined) {
    findings.skip('records');
    return { verified: 0, erased: 0 };
  }
  return findings.step('records', (report) => verifyRecords({ records, proofs, ...context }, report));
}

/** Text of bytes that are UTF-8 and nothing else; null otherwise. */
function textOf(bytes: Buffer): string | null {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : null;
}

function readCanonical<T>(
  file: PackageFileName,
  bytes: Buffer | undefined,
  schema: z.ZodType<T>,
  report: Report,
): T | null {
  if (bytes === undefined) return null;
  const text = textOf(bytes);
  let json: unknown;
  try {
    json = JSON.parse(text ?? '');
    if (canonicalJson(json) !== text) {
      report({ file, message: 'the file is not canonical JSON' });
      return null;
    }
  } catch {
    report({ file, message: 'the file is not JSON in UTF-8' });
    return null;
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  report({
    file,
    message: `the file does not have the form it must have: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  });
  return null;
}

/** Message for a note that does not open with the key given. */
function noteFault(error: NoteError): string {
  return error.code === 'unknown_key' ? `cannot verify: signed by another key (${error.message})` : error.message;
}

function openManifest(
  manifest: Manifest | null,
  files: ReadonlyMap<string, Buffer>,
  verifier: Verifier,
  report: Report,
): { readonly otherKey: boolean } {
  const file = 'manifest.sig';
  const manifestBytes = files.get('manifest.json');
  const signature = files.get(file);
  if (signature === undefined || manifestBytes === undefined) return { otherKey: false };
  const text = textOf(signature);
  if (text === null) {
    report({ file, message: 'the file is not UTF-8' });
    return { otherKey: false };
  }
  try {
    const { body } = openNote(text, [verifier]);
    // No digest covers this file, so it must have the one form: one signature and no other line.
    if (text.slice(body.length + 1).split('\n').length !== 2)
      report({ file, message: 'the file holds more than one signature' });
    const reportId = body.split('\n')[1] ?? '';
    if (body !== manifestNoteBody(reportId, hash('sha256', manifestBytes, 'buffer'))) {
      report({ file: 'manifest.json', message: 'the manifest is not the one that was signed' });
    } else if (manifest !== null && manifest.reportId !== reportId) {
      report({
        file: 'manifest.json',
        message: `the manifest is of report ${manifest.reportId}, and was signed for ${reportId}`,
      });
    }
    return { otherKey: false };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    report({ file, message: noteFault(error) });
    return { otherKey: error.code === 'unknown_key' };
  }
}

function verifyDigests(manifest: Manifest, files: ReadonlyMap<string, Buffer>, report: Report): void {
  const names: readonly string[] = manifest.files.map((file) => file.name);
  if (names.join('\n') !== manifestedFiles.join('\n')) {
    report({ file: 'manifest.json', message: `the manifest must list ${manifestedFiles.join(', ')}, in this order` });
  }
  for (const { name, size, sha256 } of manifest.files) {
    const data = files.get(name);
    if (data === undefined) continue;
    if (data.length !== size)
      report({ file: name, message: `the manifest gives ${size} bytes, and the file has ${data.length}` });
    else if (hash('sha256', data, 'hex') !== sha256) {
      report({ file: name, message: 'the content was changed: its SHA-256 is not that of the manifest' });
    }
  }
}

function openCheckpointFile(
  bytes: Buffer | undefined,
  verifier: Verifier,
  report: Report,
): { readonly checkpoint: Checkpoint | null; readonly otherKey: boolean } {
  const file = 'checkpoint.txt';
  if (bytes === undefined) return { checkpoint: null, otherKey: false };
  const text = textOf(bytes);
  if (text === null) {
    report({ file, message: 'the file is not UTF-8' });
    return { checkpoint: null, otherKey: false };
  }
  try {
    return { checkpoint: parseCheckpoint(openNote(text, [verifier]).body), otherKey: false };
  } catch (error) {
    if (error instanceof CheckpointError) {
      report({ file, message: error.message });
      return { checkpoint: null, otherKey: false };
    }
    if (!(error instanceof NoteError)) throw error;
    report({ file, message: noteFault(error) });
    if (error.code !== 'unknown_key') return { checkpoint: null, otherKey: false };
    // Whose signature it is cannot be told, but whether the records fit it can.
    return { checkpoint: unsigned(text), otherKey: true };
  }
}

function unsigned(text: string): Checkpoint | null {
  try {
    return parseCheckpoint(text);
  } catch {
    return null;
  }
}

function verifyLogOf(model: ReportModel, checkpoint: Checkpoint, report: Report): void {
  const { log } = model;
  const said = `${log.origin}, size ${log.size}, root ${log.rootHash}`;
  const signed = `${checkpoint.origin}, size ${checkpoint.size}, root ${checkpoint.root.toString('hex')}`;
  if (said !== signed)
    report({
      file: 'report.json',
      message: `the report names the log state ${said}, and the checkpoint is of ${signed}`,
    });
}

/** What stands both in the report and in another file is the same in both; files found damaged are left out. */
function verifyCopies(
  model: ReportModel,
  copies: {
    readonly manifest: Manifest | null;
    readonly checkpoint: Buffer | undefined;
    readonly keys: Buffer | undefined;
  },
  report: Report,
): void {
  const file = 'report.json';
  const { manifest, checkpoint, keys } = copies;
  if (manifest !== null && manifest.reportId !== model.reportId) {
    report({ file, message: `the report is ${model.reportId}, and the manifest is of ${manifest.reportId}` });
  }
  if (checkpoint?.equals(Buffer.from(model.log.checkpoint)) === false) {
    report({ file, message: 'the checkpoint in the report is not that of checkpoint.txt' });
  }
  if (keys !== undefined && keys.toString('utf8').split('\n').at(-2) !== model.log.verifierKey) {
    report({ file, message: 'the verifier key in the report is not that of keys.txt' });
  }
}
