/** The files of an evidence package, in the order they stand in the archive. Every package has all of them. */
export const packageFiles = [
  { name: 'README.txt', what: 'How to verify the package, and what each file is.' },
  { name: 'report.pdf', what: 'The report for reading: tagged PDF/A-3a with the data attached.' },
  { name: 'report.json', what: 'The same report as data: canonical JSON (RFC 8785), one object.' },
  {
    name: 'records.ndjson',
    what: 'Every cited record, one a line: index, log leaf, salt and payload as received (base64), or why the payload was erased.',
  },
  {
    name: 'proofs.ndjson',
    what: 'For every cited record its leaf hash, its inclusion proof (RFC 6962) to the root of the checkpoint, and the SHA-256 of its line in records.ndjson.',
  },
  { name: 'checkpoint.txt', what: 'Size and root hash of the log, signed by the log (C2SP tlog-checkpoint).' },
  {
    name: 'keys.txt',
    what: 'The verifier key of the log, for information: verify with the key you were given by other means.',
  },
  { name: 'manifest.json', what: 'Name, size and SHA-256 of every file above: canonical JSON.' },
  { name: 'manifest.sig', what: 'The log’s signature over the manifest (C2SP signed-note).' },
] as const;

export type PackageFileName = (typeof packageFiles)[number]['name'];

/** Files listed in the manifest: all but the manifest and its signature. */
export const manifestedFiles: readonly PackageFileName[] = packageFiles
  .map((file) => file.name)
  .filter((name) => name !== 'manifest.json' && name !== 'manifest.sig');

/** First line of the signed text of a package, which names its format and version. */
export const packageFormat = 'segproof.dev/evidence-package/v1';
