import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Book, markedLine, type Client, type RunningClient, type Target } from './client.js';
import { documented } from './documented.js';
import {
  connectWhenReady,
  findProgram,
  freePort,
  isProgram,
  missingProgram,
  startProgram,
  type RunningProgram,
} from './program.js';
import { booked } from './splunk.js';

/*
 * Shippers that run by themselves, with the configuration of docs/connect; a device sends to them over TCP. They are told to try for
 * ever, so what they have taken they deliver, or the test finds it missing.
 */

function device(program: RunningProgram, socket: Socket): RunningClient {
  const book = new Book();
  return {
    ...booked(book),
    send: (mark) => {
      const time = new Date().toISOString();
      socket.write(`<134>1 ${time} fw1 firewall 7 - - ${markedLine(mark)}\n`);
      book.deliver([mark]);
    },
    stop: async () => {
      socket.end();
      if (!socket.closed) await once(socket, 'close');
      await program.stop();
    },
  };
}

function rsyslog(
  name: string,
  client: Pick<Client, 'belief' | 'route'>,
  action: (target: Target) => string,
  also: string | null = null,
): Client {
  return {
    name,
    ...client,
    missing:
      missingProgram('rsyslogd', 'rsyslog') ??
      (also !== null && !existsSync(also) ? `needs ${also} (Debian package rsyslog-elasticsearch)` : null),
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
      return device(program, await connectWhenReady(port, program));
    },
  };
}

function forwarding(protocol: 'tcp' | 'udp', framing: 'octet-counted' | 'traditional'): (target: Target) => string {
  return (target) =>
    documented('rsyslog.md', protocol === 'tcp' ? 'tcp_framing' : 'protocol="udp"', target, {
      'segproof.example.com': '127.0.0.1',
      ...(protocol === 'tcp'
        ? { 'port="6514"': `port="${target.syslog.tcp}"`, 'octet-counted': framing }
        : { 'port="6514"': `port="${target.syslog.udp}"` }),
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

const elasticModules = [
  '/usr/lib/x86_64-linux-gnu/rsyslog/omelasticsearch.so',
  '/usr/lib/aarch64-linux-gnu/rsyslog/omelasticsearch.so',
  '/usr/lib64/rsyslog/omelasticsearch.so',
];

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
  elasticModules.find((path) => existsSync(path)) ?? elasticModules[0],
);

/** Where syslog-ng was unpacked to by unpack-syslog-ng.sh; one that is installed has no http() destination by itself. */
const syslogNgFolder =
  process.env['SEGPROOF_SYSLOG_NG'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'segproof', 'syslog-ng');
const syslogNgProgram = join(syslogNgFolder, 'usr/sbin/syslog-ng');

export const syslogNg: Client = {
  name: 'syslog-ng-http',
  belief: 'answered',
  route: 'own',
  missing: isProgram(syslogNgProgram) ? null : 'needs syslog-ng, unpacked by test/support/unpack-syslog-ng.sh',
  start: async (target) => {
    const port = await freePort();
    const configuration = join(target.directory, 'syslog-ng.conf');
    const destination = documented('syslog-ng.md', 'd_segproof', target, {
      '/ingest/v1/firewalls': `/ingest/v1/${target.source}`,
      '/var/lib/syslog-ng': target.directory,
    });
    const source = `source s_network { network(ip("127.0.0.1") port(${port}) transport("tcp") flags(store-raw-message)); };`;
    writeFileSync(configuration, `@version: 3.38\n${source}\n${destination}`);
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
    return device(program, await connectWhenReady(port, program));
  },
};

export const alertmanager: Client = {
  name: 'alertmanager',
  belief: 'answered',
  route: 'own',
  missing: missingProgram('prometheus-alertmanager', 'prometheus-alertmanager'),
  start: async (target) => {
    const port = await freePort();
    const token = join(target.directory, 'token');
    writeFileSync(token, `${target.token}\n`);
    const configuration = join(target.directory, 'alertmanager.yml');
    const given = documented('alertmanager.md', 'webhook_configs', target, {
      '/hooks/alerts': `/hooks/${target.source}`,
      '/etc/alertmanager/segproof-token': token,
    });
    // The page adds a route to those that there are; here are those, with each alert in a group of its own.
    const root = "route:\n  receiver: segproof\n  group_by: ['...']\n  group_wait: 0s\n  group_interval: 5s\n";
    writeFileSync(configuration, given.replace(/^route:\n/mu, root));
    const program = startProgram(findProgram('prometheus-alertmanager') ?? '', [
      `--config.file=${configuration}`,
      `--storage.path=${target.directory}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ]);
    (await connectWhenReady(port, program)).destroy();
    const book = new Book();
    const fire = async (mark: string): Promise<void> => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([
          { labels: { alertname: 'DropsRising', severity: 'critical', rule: mark }, annotations: { summary: 'drops' } },
        ]),
      });
      if (response.ok) book.deliver([mark]);
      else book.giveUp([mark], await response.text());
    };
    return {
      ...booked(book),
      send: (mark) => void fire(mark).catch((error: unknown) => book.giveUp([mark], error)),
      stop: async () => await program.stop(),
    };
  },
};
