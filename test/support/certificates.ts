import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of a certificate and its key (PEM). */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** Certificate of the authority that issued the others (PEM). */
  readonly authority: string;
  /** Of a server called localhost and 127.0.0.1. */
  readonly server: Identity;
  readonly client: Identity;
}

const configuration = `
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = DNS:fw1.example.com
`;

/** Certificates for a day by an authority of its own, issued by openssl(1) into this folder. */
export function issueCertificates(directory: string): Certificates {
  const config = join(directory, 'openssl.cnf');
  writeFileSync(config, configuration);
  const issue = (section: string, by: Identity | null): Identity => {
    const issued = { cert: join(directory, `${section}.pem`), key: join(directory, `${section}-key.pem`) };
    const command = [
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1'.split(' '),
      ['-config', config, '-extensions', section, '-subj', `/CN=${section}`],
      by === null ? [] : ['-CA', by.cert, '-CAkey', by.key],
      ['-keyout', issued.key, '-out', issued.cert],
    ];
    execFileSync('openssl', command.flat(), { stdio: 'ignore' });
    return issued;
  };
  const authority = issue('authority', null);
  return { authority: authority.cert, server: issue('server', authority), client: issue('client', authority) };
}
