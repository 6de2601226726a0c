import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Database } from '../../src/database/database.js';
import { openPayload } from '../../src/ingestion/record-payload.js';
import { SourceHealth } from '../../src/ingestion/source-health.js';
import { IssuedToken } from '../../src/ingestion/sources.js';
import { LogReader } from '../../src/log/read.js';
import { openDatabaseLink, type DatabaseLink } from '../faults/database-link.js';
import { lastFirst, type Ending } from '../faults/last-first.js';
import { Api } from '../journeys/api.js';
import { runCommand, serviceVariables, startServiceProcess } from '../journeys/service-process.js';
import { issueCertificates } from '../support/certificates.js';
import { freshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';
import { marksIn, type Client, type Target } from './client.js';
import { freePort } from './program.js';

const secrets = {
  'standard-webhooks': `whsec_${Buffer.from('a secret of 24 bytes or more').toString('base64')}`,
  github: "It's a Secret to Everybody",
} as const;

export const syslogSource = 'syslog';
/** Bodies that the service holds at once, small enough to be filled by a test. */
export const mostHeldBytes = 4 * 1024 * 1024;

export interface StoredMark {
  readonly index: number;
  readonly kind: string;
  readonly mark: string;
  /** By the clock of the service, in milliseconds since 1970. */
  readonly receivedAt: number;
}

/** The service as it is started by its command, on fixed ports over all restarts, with a link to its database that can be cut. */
export interface LiveService {
  readonly url: string;
  readonly link: DatabaseLink;
  readonly token: string;
  readonly syslog: Target['syslog'];
  /** Makes the source of a client, and all that it needs to know. */
  target(client: Client, name: string): Promise<Target>;
  /** What a source sent and the service did not take, by reason, as its balance has it within seconds. */
  refusals(source: string): Promise<ReadonlyMap<string, number>>;
  /** Every mark that is stored under the sources of clients, as often as it is. */
  stored(): Promise<readonly StoredMark[]>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again, and resolves when it is ready; with what that took of the processor, where the system says so. */
  start(): Promise<ProcessorUse | null>;
  /** What it wrote to standard error since it started. */
  said(): string;
  /** Has the whole log verified by the command for it. */
  verify(): Promise<void>;
}

export async function liveService(t: Ending): Promise<LiveService> {
  const end = lastFirst(t);
  const database = await freshDatabase(end);
  const link = await openDatabaseLink(Number(new URL(database.serviceUrl).port));
  end.after(() => link.close());
  const { directory, removeDirectory } = temporaryDirectory();
  end.after(removeDirectory);
  const port = await freePort();
  const syslog = { tcp: await freePort(), tls: await freePort(), udp: await freePort() };
  const certificates = issueCertificates(directory);
  const variables = {
    ...serviceVariables(database, join(directory, 'data')),
    DATABASE_SERVICE_URL: link.through(database.serviceUrl),
    DATABASE_URL: link.through(database.ownerUrl),
    PORT: String(port),
    INGEST_MAX_IN_FLIGHT_BYTES: String(mostHeldBytes),
    SYSLOG_SOURCE: syslogSource,
    SYSLOG_HOST: '127.0.0.1',
    SYSLOG_TCP_PORT: String(syslog.tcp),
    SYSLOG_UDP_PORT: String(syslog.udp),
    SYSLOG_TLS_PORT: String(syslog.tls),
    SYSLOG_TLS_CERT_FILE: certificates.server.cert,
    SYSLOG_TLS_KEY_FILE: certificates.server.key,
    SYSLOG_TLS_CA_FILE: certificates.authority,
  };
  let service = await startServiceProcess(variables);
  end.after(async () => void (await service.end('SIGTERM')));
  const { url, admin } = service;
  assert.ok(admin, 'a first start prints a login');
  const api = await Api.signIn(url, admin.name, admin.password);
  const { token } = await api.post('/api/v1/sources', { name: syslogSource }, IssuedToken);
  const reader = await Database.connect(database.serviceUrl, { poolSize: 1, applicationName: 'segproof-live-test' });
  end.after(() => reader.close());
  let read = 0;
  const stored: StoredMark[] = [];
  return {
    url,
    link,
    token,
    syslog,
    target: async ({ route }, name) => {
      const issued = await api.post('/api/v1/sources', { name }, IssuedToken);
      for (const [scheme, secret] of Object.entries(secrets))
        if (route === 'own')
          await api.post(`/api/v1/sources/${name}/secrets`, { scheme, secret }, z.object({ id: z.string() }));
      const folder = join(directory, name);
      mkdirSync(folder);
      return { url, source: name, token: issued.token, syslog, certificates, secrets, directory: folder };
    },
    refusals: async (source) => {
      const { refusals } = await api.get(`/api/v1/sources/${source}/health`, SourceHealth);
      return new Map(refusals.map(({ reason, records }) => [reason, records]));
    },
    stored: async () => {
      const entries = await new LogReader(reader).entries(read, Number.MAX_SAFE_INTEGER);
      for (const { index, kind, payload, source, receivedAt } of entries) {
        read = index + 1;
        if (source === null || payload === null || kind === 'act') continue;
        const { raw, context } = openPayload(payload);
        const text = `${raw.toString()} ${context.nativeId ?? ''} ${JSON.stringify(context.attributes ?? {})}`;
        for (const mark of marksIn(text)) stored.push({ index, kind, mark, receivedAt: receivedAt.getTime() });
      }
      return stored;
    },
    end: async (signal) => void (await service.end(signal)),
    start: async () => {
      service = await startServiceProcess(variables);
      return processorUse(service.pid);
    },
    said: () => service.stderr(),
    verify: async () => {
      const { code, stdout, stderr } = await runCommand(['fsck'], serviceVariables(database, join(directory, 'data')));
      assert.equal(code, 0, `${stdout}${stderr}`);
    },
  };
}

/** What a process has had of the processor, in seconds: on it, and waiting for it while others were on it. */
export interface ProcessorUse {
  readonly used: number;
  readonly waited: number;
}

/** What proc(5) says of a process, in clock ticks of 10 ms, and of its first thread, in nanoseconds. */
function processorUse(pid: number): ProcessorUse | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /su, '')
      .split(' ');
    const [, waited] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return { used: (Number(fields[11]) + Number(fields[12])) / 100, waited: Number(waited) / 1e9 };
  } catch {
    return null;
  }
}
