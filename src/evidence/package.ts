import { hash } from 'node:crypto';
import { canonicalJson } from '../log/core/canonical-json.js';
import { encodeLeaf, type Leaf } from '../log/core/leaf.js';
import { hashLeaf } from '../log/core/tree.js';
import { manifestedFiles, packageFiles, packageFormat, type PackageFileName } from './package-files.js';
import { manifestNoteBody, type Manifest } from './package-format.js';
import type { Attachment } from './pdf/render.js';
import type { ReportModel } from './report-model.js';
import { assertFits, writeZip } from './zip.js';

/** A cited record with everything that proves it. */
export interface PackagedRecord {
  readonly index: number;
  readonly leaf: Leaf;
  /** Salt and payload as received; null when erased, and then `erased` says why. */
  readonly content: { readonly salt: Buffer; readonly payload: Buffer } | null;
  readonly erased: string | null;
  /** Inclusion proof of RFC 6962 for the size of the report's checkpoint, hashes of 32 bytes. */
  readonly proof: readonly Buffer[];
}

export interface PackageInput {
  readonly model: ReportModel;
  /** What `renderPdf` made of the model, with {@link reportAttachments} attached. */
  readonly pdf: Buffer;
  /** One for each of `model.records`, in the same order. */
  readonly records: readonly PackagedRecord[];
  /** Signs a text with the key of the log and returns the signed note (C2SP signed-note). */
  readonly sign: (body: string) => string;
}

/** What was handed in does not make a package that would verify. */
export class PackageError extends Error {
  override readonly name = 'PackageError';
}

/**
 * Builds the evidence package: a canonical archive of {@link packageFiles}. The same input gives
 * the same bytes; the only signature is made over a fixed text, so Ed25519 keeps it so.
 * @throws PackageError when records and model do not fit each other.
 * @throws ZipError when the package would reach 4 GiB.
 */
export function buildPackage(input: PackageInput): Buffer {
  const { model, pdf, records, sign } = input;
  assertRecords(model, records);
  const content = new Map<PackageFileName, Buffer>([
    ['README.txt', readme(model)],
    ['report.pdf', pdf],
    ['report.json', reportJson(model)],
    ['records.ndjson', recordsNdjson(records)],
    ['proofs.ndjson', proofsNdjson(model, records)],
    ['checkpoint.txt', Buffer.from(model.log.checkpoint)],
    ['keys.txt', keysText(model)],
  ]);
  assertFits([...content].map(([name, data]) => ({ name, size: data.length })));
  const manifest: Manifest = {
    format: packageFormat,
    reportId: model.reportId,
    files: manifestedFiles.map((name) => {
      const data = contentOf(content, name);
      return { name, size: data.length, sha256: hash('sha256', data, 'hex') };
    }),
  };
  const manifestJson = Buffer.from(canonicalJson(manifest));
  content.set('manifest.json', manifestJson);
  const body = manifestNoteBody(model.reportId, hash('sha256', manifestJson, 'buffer'));
  content.set('manifest.sig', Buffer.from(sign(body)));
  return writeZip(packageFiles.map(({ name }) => ({ name, data: contentOf(content, name) })));
}

/** The report as data: canonical JSON (RFC 8785). */
export function reportJson(model: ReportModel): Buffer {
  return Buffer.from(canonicalJson(model));
}

/** The cited records, one canonical JSON object a line. */
export function recordsNdjson(records: readonly PackagedRecord[]): Buffer {
  return lines(records.map(recordLine));
}

function recordLine({ index, leaf, content, erased }: PackagedRecord): string {
  return canonicalJson({
    index,
    leaf,
    salt: content?.salt.toString('base64') ?? null,
    payload: content?.payload.toString('base64') ?? null,
    erased,
  });
}

/** Files to attach to the PDF, so that it carries its data when it travels without the package. */
export function reportAttachments(model: ReportModel, records: readonly PackagedRecord[]): Attachment[] {
  return [
    {
      name: 'report.json',
      mediaType: 'application/json',
      description: 'This report as data: canonical JSON (RFC 8785)',
      relationship: 'Data',
      data: reportJson(model),
    },
    {
      name: 'records.ndjson',
      mediaType: 'application/x-ndjson',
      description: 'The records this report cites, as received',
      relationship: 'Data',
      data: recordsNdjson(records),
    },
  ];
}

function proofsNdjson(model: ReportModel, records: readonly PackagedRecord[]): Buffer {
  return lines(
    records.map((record, at) =>
      canonicalJson({
        index: record.index,
        line: hash('sha256', recordLine(record), 'hex'),
        leafHash: model.records[at]?.leafHash,
        proof: record.proof.map((step) => step.toString('base64')),
      }),
    ),
  );
}

function lines(texts: readonly string[]): Buffer {
  return Buffer.from(texts.map((text) => `${text}\n`).join(''));
}

function contentOf(content: ReadonlyMap<PackageFileName, Buffer>, name: PackageFileName): Buffer {
  const data = content.get(name);
  if (data === undefined) throw new PackageError(`the package lacks its file ${name}`);
  return data;
}

function assertRecords(model: ReportModel, records: readonly PackagedRecord[]): void {
  if (records.length !== model.records.length) {
    throw new PackageError(`the report cites ${model.records.length} records and ${records.length} were handed in`);
  }
  model.records.forEach((cited, at) => {
    const record = records[at];
    const next = model.records[at + 1];
    if (next !== undefined && next.index <= cited.index) {
      throw new PackageError(`cited records come in index order, got ${next.index} after ${cited.index}`);
    }
    if (record?.index !== cited.index) {
      throw new PackageError(`record ${cited.index} is due at place ${at + 1}, got record ${record?.index ?? 'none'}`);
    }
    if (hashLeaf(encodeLeaf(record.leaf)).toString('hex') !== cited.leafHash) {
      throw new PackageError(`the leaf handed in for record ${cited.index} is not the one the report cites`);
    }
    if ((record.content === null) !== (record.erased !== null)) {
      throw new PackageError(`record ${cited.index} has either salt and payload, or the reason why they were erased`);
    }
  });
}

function readme(model: ReportModel): Buffer {
  const width = Math.max(...packageFiles.map(({ name }) => name.length)) + 2;
  return Buffer.from(`Segproof evidence package

Report   ${model.reportId}
Title    ${model.title.replaceAll('\n', ' ')}
Period   ${model.period.from} to ${model.period.to} (end excluded)
Log      ${model.log.origin}, ${model.log.size} entries, root ${model.log.rootHash}

To verify, offline:

  segproof verify PACKAGE.zip --key VERIFIER-KEY

Get the verifier key from the operator of the log by a way you trust. The key in
keys.txt is for information only: a package cannot vouch for itself.

The command ends with 0 when everything holds. With one byte of any file changed
it ends with 1 and names the file and, for a record, its index in the log.

Files:

${packageFiles.map(({ name, what }) => `  ${name.padEnd(width)}${what}`).join('\n')}

Without Segproof: unpack with any ZIP program; compare the SHA-256 of each file with
manifest.json; open manifest.sig and checkpoint.txt with any implementation of
C2SP signed-note. manifest.sig signs three lines: "${packageFormat}",
the report id, and the SHA-256 of manifest.json in base64. For each record,
SHA-256(salt, payload) is the leaf's payloadHash; SHA-256(0x00, leaf as canonical
JSON, RFC 8785) is the leaf hash; its proof leads to the root hash of checkpoint.txt
as RFC 9162 section 2.1.3.2 describes.

The report says what the records support. It is no certificate.
`);
}

function keysText(model: ReportModel): Buffer {
  return Buffer.from(
    `# Verifier key of the log ${model.log.origin}, for information.\n` +
      '# Verify with the key obtained from the operator by other means; this line proves nothing.\n' +
      `${model.log.verifierKey}\n`,
  );
}
