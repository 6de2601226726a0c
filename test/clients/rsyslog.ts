import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, Target } from './client.js';
import { documented } from './documented.js';
import { connectWhenReady, findProgram, freePort, missingProgram, startProgram } from './program.js';
import { relay } from './relay.js';

const moduleFolders = ['lib/x86_64-linux-gnu', 'lib/aarch64-linux-gnu', 'lib64', 'lib'].map((folder) =>
  join('/usr', folder, 'rsyslog'),
);

/** Why rsyslog cannot run with this module, which comes with a Debian package of its own. */
function missingModule(module: string, debianPackage: string): string | null {
  return moduleFolders.some((folder) => existsSync(join(folder, `${module}.so`)))
    ? null
    : `needs ${module} of rsyslog (Debian package ${debianPackage})`;
}

function rsyslog(
  name: string,
  client: Pick<Client, 'belief' | 'route'>,
  action: (target: Target) => string,
  missing: string | null = null,
): Client {
  return {
    name,
    ...client,
    missing: missingProgram('rsyslogd', 'rsyslog') ?? missing,
    start: async (target) => {
      const port = await freePort();
      const work = join(target.directory, 'work');
      mkdirSync(work);
      const configuration = join(target.directory, 'rsyslog.conf');
      const forward = action(target).split(/(?=^action\()/mu);
      writeFileSync(
        configuration,
        [
          `global(workDirectory="${work}")`,
          'module(load="imptcp")',
          ...(forward.length > 1 ? [forward[0]] : []),
          `ruleset(name="forward") { ${forward.at(-1)} }`,
          `input(type="imptcp" address="127.0.0.1" port="${port}" ruleset="forward")`,
          '',
        ].join('\n'),
      );
      const pid = join(target.directory, 'rsyslogd.pid');
      const program = startProgram(findProgram('rsyslogd') ?? '', ['-n', '-f', configuration, '-i', pid]);
      return relay(program, await connectWhenReady(port, program));
    },
  };
}

function forwarding(protocol: 'tcp' | 'udp', framing: 'octet-counted' | 'traditional'): (target: Target) => string {
  return (target) =>
    documented('rsyslog.md', `port="1514" protocol="${protocol}"`, target, {
      'segproof.example.com': '127.0.0.1',
      'port="1514"': `port="${target.syslog[protocol]}"`,
      ...(protocol === 'tcp' ? { 'octet-counted': framing } : {}),
    });
}

export const rsyslogCounted = rsyslog(
  'rsyslog-tcp-counted',
  { belief: 'written', route: 'syslog' },
  forwarding('tcp', 'octet-counted'),
);
export const rsyslogLines = rsyslog(
  'rsyslog-tcp-lines',
  { belief: 'written', route: 'syslog' },
  forwarding('tcp', 'traditional'),
);
export const rsyslogDatagrams = rsyslog(
  'rsyslog-udp',
  { belief: 'datagram', route: 'syslog' },
  forwarding('udp', 'traditional'),
);

/** TLS, by either of the libraries that rsyslog has it from. */
export function rsyslogTls(driver: 'gtls' | 'ossl'): Client {
  return rsyslog(
    `rsyslog-tls-${driver}`,
    { belief: 'written', route: 'syslog' },
    (target) =>
      documented('rsyslog.md', 'streamDriver=', target, {
        'segproof.example.com': 'localhost',
        'port="6514"': `port="${target.syslog.tls}"`,
        'streamDriver="ossl"': `streamDriver="${driver}"`,
        '/etc/ssl/certs/ca-certificates.crt': target.certificates.authority,
        '/etc/rsyslog.d/relay.crt': target.certificates.client.cert,
        '/etc/rsyslog.d/relay.key': target.certificates.client.key,
      }),
    driver === 'gtls' ? missingModule('lmnsd_gtls', 'rsyslog-gnutls') : missingModule('lmnsd_ossl', 'rsyslog-openssl'),
  );
}

export const rsyslogElasticsearch = rsyslog(
  'rsyslog-omelasticsearch',
  { belief: 'answered', route: 'own' },
  (target) =>
    documented('rsyslog.md', 'omelasticsearch', target, {
      'segproof.example.com': new URL(target.url).hostname,
      'serverport="443"': `serverport="${new URL(target.url).port}"`,
      'usehttps="on"': 'usehttps="off"',
      '/var/spool/rsyslog': target.directory,
    }),
  missingModule('omelasticsearch', 'rsyslog-elasticsearch'),
);
