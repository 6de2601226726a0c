import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Client, Target } from './client.js';
import { documented } from './documented.js';
import { connectWhenReady, freePort, isProgram, startProgram } from './program.js';
import { relay } from './relay.js';

/** Where syslog-ng was unpacked to by unpack-syslog-ng.sh; one that is installed has no http() destination by itself. */
const syslogNgFolder =
  process.env['SEGPROOF_SYSLOG_NG'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'segproof', 'syslog-ng');
const syslogNgProgram = join(syslogNgFolder, 'usr/sbin/syslog-ng');

function syslogNg(
  name: string,
  client: Pick<Client, 'belief' | 'route'>,
  destination: (target: Target) => string,
): Client {
  return {
    name,
    ...client,
    missing: isProgram(syslogNgProgram) ? null : 'needs syslog-ng, unpacked by test/support/unpack-syslog-ng.sh',
    start: async (target) => {
      const port = await freePort();
      const configuration = join(target.directory, 'syslog-ng.conf');
      const source = `source s_network { network(ip("127.0.0.1") port(${port}) transport("tcp") flags(store-raw-message)); };`;
      writeFileSync(configuration, `@version: 3.38\n${source}\n${destination(target)}`);
      const file = (name: string): string => join(target.directory, name);
      const libraries = ['usr/lib/syslog-ng', 'usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu']
        .flatMap((folder) => [folder, folder.replace(/^usr\//u, '')])
        .map((folder) => join(syslogNgFolder, folder));
      const program = startProgram(
        syslogNgProgram,
        [
          ...'--foreground --stderr --no-caps'.split(' '),
          `--cfgfile=${configuration}`,
          `--module-path=${join(syslogNgFolder, 'usr/lib/syslog-ng/3.38')}`,
          `--pidfile=${file('pid')}`,
          `--control=${file('control')}`,
          `--persist-file=${file('persist')}`,
        ],
        { LD_LIBRARY_PATH: libraries.join(':') },
      );
      return relay(program, await connectWhenReady(port, program));
    },
  };
}

export const syslogNgHttp = syslogNg('syslog-ng-http', { belief: 'answered', route: 'own' }, (target) =>
  documented('syslog-ng.md', 'http(', target, {
    '/ingest/v1/firewalls': `/ingest/v1/${target.source}`,
    '/var/lib/syslog-ng': target.directory,
  }),
);

export const syslogNgTls = syslogNg('syslog-ng-tls', { belief: 'written', route: 'syslog' }, (target) =>
  documented('syslog-ng.md', 'transport("tls")', target, {
    'segproof.example.com': 'localhost',
    'port(6514)': `port(${target.syslog.tls})`,
    '/etc/ssl/certs/ca-certificates.crt': target.certificates.authority,
    '/etc/syslog-ng/relay.crt': target.certificates.client.cert,
    '/etc/syslog-ng/relay.key': target.certificates.client.key,
    '/var/lib/syslog-ng': target.directory,
  }),
);
