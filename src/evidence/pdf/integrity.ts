import { packageFiles } from '../package-files.js';
import type { ReportModel } from '../report-model.js';
import { keyFingerprint } from './cover.js';
import type { Sheet } from './sheet.js';
import { drawTable } from './table.js';
import { colours, styles } from './theme.js';
import { count, counted, time } from './wording.js';

/** Chapter 7: what was verified when the report was made, with the signed state of the log in full. */
export function drawIntegrity(sheet: Sheet, model: ReportModel): void {
  const { log } = model;
  sheet.chapter('7 Integrity of the log', 'chapter-7');
  sheet.paragraph(
    log.verified
      ? `All ${counted(log.size, 'entry', 'entries')} of the log were hashed again at ${time(log.verifiedAt)} and lead to the root below, which the log has signed. ` +
          'Whoever holds this checkpoint can show later that none of these entries was altered, removed or inserted.'
      : `At ${time(log.verifiedAt)} the log did not verify. The problems found are listed below; results in this report rest on records whose integrity is in doubt.`,
    log.verified ? styles.body : { ...styles.strong, colour: colours.notSatisfied },
    { after: 10 },
  );
  for (const problem of log.problems) {
    sheet.paragraph(problem, { ...styles.body, colour: colours.notSatisfied }, { after: 3 });
  }
  const code = { ...styles.code, leading: styles.body.leading };
  sheet.labelled('Log', log.origin);
  sheet.labelled('Size', count(log.size));
  sheet.labelled('Root hash', log.rootHash, code);
  sheet.space(8);
  sheet.heading('Signed checkpoint', 'checkpoint', 90);
  sheet.paragraph(
    'As in checkpoint.txt: log, size, root hash in base64, an empty line, and the signature (C2SP signed-note, Ed25519).',
    styles.note,
  );
  sheet.code(log.checkpoint.trimEnd());
  sheet.heading('Verifier key', 'verifier-key', 90);
  sheet.paragraph(
    'Printed so that it can be compared. A key taken from the report it is to verify proves nothing: use the one obtained from the operator by another way.',
    styles.note,
  );
  sheet.code(log.verifierKey);
  sheet.labelled('Fingerprint', keyFingerprint(log.verifierKey), code);
  sheet.paragraph('SHA-256 of the text of the key.', styles.note);
}

const verificationSteps: readonly string[] = [
  'The archive is in its one canonical form: no byte is hidden, added or missing.',
  'manifest.sig is a signature of the log’s key over the report id and the SHA-256 of manifest.json.',
  'Every file has the size and SHA-256 the manifest gives.',
  'checkpoint.txt is signed by the same key, and is the checkpoint printed in chapter 7.',
  'Every record’s salted digest fits the payload, its leaf hash fits the leaf, and its inclusion proof leads to the root of the checkpoint.',
  'Every record the report cites is in the package, and the package holds no other.',
  'The totals of the report are the sums of its lists.',
];

/** Annexes: how to verify offline, and the files of the package. */
export function drawAnnexes(sheet: Sheet): void {
  sheet.chapter('Annex A: How to verify offline', 'annex-a');
  sheet.paragraph(
    'Verification needs the package, the verifier key and a computer; no network, no account and nobody’s help. ' +
      'Get the key from the operator of the log by a way you trust and compare its fingerprint.',
  );
  sheet.code('segproof verify PACKAGE.zip --key VERIFIER-KEY');
  sheet.paragraph(
    'The command ends with exit code 0 when all of this holds, and with 1 and the name of the file otherwise:',
    styles.body,
  );
  sheet.steps(verificationSteps);
  sheet.heading('Without Segproof', 'annex-a-tools', 130);
  sheet.paragraph('All formats are published. Any ZIP program unpacks the package; then, with tools of the system:');
  sheet.steps([
    'sha256sum of a file gives the value that manifest.json has for it.',
    'Any implementation of C2SP signed-note opens manifest.sig and checkpoint.txt with the verifier key. The third line of manifest.sig is the SHA-256 of manifest.json in base64.',
    'In records.ndjson, SHA-256 over salt and payload (both decoded from base64, in this order) is the leaf’s payloadHash.',
    'SHA-256 over a zero byte and the leaf in canonical JSON (RFC 8785) is the leaf hash in proofs.ndjson.',
    'The inclusion proof in proofs.ndjson leads from the leaf hash to the root hash of checkpoint.txt by the algorithm of RFC 9162, section 2.1.3.2.',
  ]);

  sheet.chapter('Annex B: Files of the package', 'annex-b');
  sheet.paragraph(
    'report.json and records.ndjson are also attached to this PDF, so that the report carries its data when it travels alone.',
    styles.body,
    { after: 12 },
  );
  drawTable(sheet, {
    empty: 'The package is empty.',
    rows: packageFiles,
    columns: [
      { title: 'File', share: 0.24, cell: (row) => ({ text: row.name, style: { ...styles.cellCode, size: 7.4 } }) },
      { title: 'What it is', share: 0.76, cell: (row) => row.what },
    ],
  });
}
