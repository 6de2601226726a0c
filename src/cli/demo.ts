import { Command } from 'commander';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { z } from 'zod';
import { Users } from '../access/users.js';
import { readConfig, type Config } from '../config.js';
import { Clock, systemActor } from '../context.js';
import { generateEstate, type Estate } from '../demo/estate.js';
import { runDemoEstate } from '../demo/run.js';
import { SessionView } from '../access/sessions.js';
import { ReportView } from '../evidence/reports.js';
import { openGround, type Ground } from '../ground.js';
import { makeLogger } from '../logger.js';
import { startService, type Service } from '../main.js';
import { packageRoot } from '../package-root.js';
import { say } from './progress.js';
import { untilToldToStop } from './signals.js';

/** What a later start needs to say the same as the first. */
const DemoState = z.object({
  logins: z.array(z.object({ role: z.string(), name: z.string(), password: z.string() })),
  report: z.string(),
  package: z.string(),
  key: z.string(),
});
type DemoState = z.infer<typeof DemoState>;

const seed = 20_26;

/** `segproof demo`: the service with thirty days of a made-up payment company in it. */
export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'Start the service with the demo estate: thirty days of a made-up payment company, a report and its verification.',
    )
    .option('--flows <number>', 'how many flow records to send', '200000')
    .action(async (flags: { readonly flows: string }) => {
      const environment = readConfig(process.env);
      // A folder of its own: the demo never mixes with the records of a real estate.
      const config: Config = { ...environment, ROLE: 'all', DATA_DIR: join(environment.DATA_DIR, 'demo') };
      const stateFile = join(config.DATA_DIR, 'demo.json');
      const again = existsSync(stateFile);
      const estate = generateEstate({ seed, end: startOfHour(new Date()), flows: Number(flags.flows) });
      let present = again ? null : estate.from;
      const clock = new Clock(() => present ?? new Date());
      const stop = untilToldToStop();
      const ground = await openGround(
        config,
        makeLogger({ LOG_LEVEL: environment.LOG_LEVEL === 'info' ? 'warn' : environment.LOG_LEVEL }),
        {
          clock,
          progress: say,
        },
      );
      try {
        const service = await startService(ground);
        try {
          const url = service.url ?? '';
          const state = again
            ? DemoState.parse(JSON.parse(readFileSync(stateFile, 'utf8')))
            : await firstRun(service, ground, estate, (at) => {
                present = at;
              });
          if (!again) writeFileSync(stateFile, JSON.stringify(state, null, 2), { mode: 0o600 });
          const verified = await verifyOffline(state);
          for (const login of state.logins)
            console.log(`login: ${login.role}, name ${login.name}, password ${login.password}`);
          console.log(`portal: ${url}`);
          console.log(`report: ${state.report}`);
          console.log(`package: ${state.package}`);
          console.log(`verified: ${verified ? 'yes' : 'no'}`);
          console.log('ready');
          await stop;
          say('stopping: requests taken are answered, then the database is closed');
        } finally {
          await service.stop();
        }
      } finally {
        await ground.close();
      }
      say('stopped');
    });
}

function startOfHour(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 3_600_000) * 3_600_000);
}

async function firstRun(
  service: Service,
  ground: Ground,
  estate: Estate,
  setClock: (at: Date | null) => void,
): Promise<DemoState> {
  const baseUrl = service.url ?? '';
  const admin = await service.app.get(Users).createFirstAdmin(systemActor);
  if (admin === null) {
    throw new Error(
      'the demo needs a database of its own; this one has users already. Point DATABASE_URL at an empty one.',
    );
  }
  const passwords = Object.fromEntries(estate.users.map((user) => [user.name, randomBytes(9).toString('base64url')]));
  say('sending thirty days of the demo estate');
  let percent = -1;
  const counts = await runDemoEstate({
    baseUrl,
    estate,
    adminToken: await signIn(baseUrl, admin.name, admin.password),
    passwords,
    setClock,
    onProgress: ({ fraction, flows }) => {
      const now = Math.floor(fraction * 10) * 10;
      if (now > percent) say(`  ${now} %, ${flows} flows`);
      percent = Math.max(percent, now);
    },
  });
  setClock(null);
  await analyse(ground.ownerUrl);
  await ground.jobs.add('figures.keep', {}, 'figures.keep');
  say(
    `sent ${counts.flows} flows, ${counts.policyChanges} policy changes and ${counts.changes} change requests in ${Math.round(counts.durationMs / 1000)} s`,
  );
  const auditor = estate.users.find((user) => user.roles.includes('auditor'));
  if (auditor === undefined) throw new Error('the demo estate has no auditor');
  const token = await signIn(baseUrl, auditor.name, passwords[auditor.name] ?? '');
  const files = await issueReport(baseUrl, token, estate, ground.config.DATA_DIR);
  const logins = ['admin', 'requester', 'approver', 'auditor'].flatMap((role) => {
    const user = estate.users.find((candidate) => candidate.roles.some((has) => has === role));
    return user === undefined ? [] : [{ role, name: user.name, password: passwords[user.name] ?? '' }];
  });
  return { logins, ...files, key: ground.log.verifierKey };
}

/** Lets the planner know the tables before the first page is asked for; autovacuum would come by in a minute. */
async function analyse(ownerUrl: string | null): Promise<void> {
  if (ownerUrl === null) return;
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    await owner.query('ANALYZE');
  } finally {
    await owner.end();
  }
}

async function signIn(baseUrl: string, name: string, password: string): Promise<string> {
  return SessionView.parse(await call(baseUrl, null, '/api/v1/sessions', { name, password })).token;
}

async function issueReport(
  baseUrl: string,
  token: string,
  estate: Estate,
  folder: string,
): Promise<{ report: string; package: string }> {
  say('issuing the evidence report for ISO/IEC 27001');
  const requested = ReportView.parse(
    await call(baseUrl, token, '/api/v1/reports', {
      title: 'Segmentation evidence, last 30 days',
      frameworkId: 'iso-27001-2022',
      periodFrom: estate.from.toISOString(),
      periodTo: estate.to.toISOString(),
      segments: [],
    }),
  );
  let report = requested;
  while (report.state === 'building') {
    await new Promise((resolve) => setTimeout(resolve, 250));
    report = ReportView.parse(await call(baseUrl, token, `/api/v1/reports/${requested.id}`));
  }
  if (report.state !== 'ready')
    throw new Error(`the report could not be built: ${report.failure ?? 'no reason given'}`);
  const target = join(folder, 'reports');
  mkdirSync(target, { recursive: true });
  const paths = {
    report: join(target, `segproof-${report.id}.pdf`),
    package: join(target, `segproof-${report.id}.zip`),
  };
  writeFileSync(paths.report, await download(baseUrl, token, `/api/v1/reports/${report.id}/files/report.pdf`));
  writeFileSync(paths.package, await download(baseUrl, token, `/api/v1/reports/${report.id}/files/package.zip`));
  return paths;
}

async function answer(baseUrl: string, token: string | null, path: string, body?: object): Promise<Response> {
  const response = await fetch(new URL(path, baseUrl), {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response;
}

async function call(baseUrl: string, token: string | null, path: string, body?: object): Promise<unknown> {
  return await (await answer(baseUrl, token, path, body)).json();
}

async function download(baseUrl: string, token: string, path: string): Promise<Buffer> {
  return Buffer.from(await (await answer(baseUrl, token, path)).arrayBuffer());
}

/** Runs the verify command as an auditor would, in a process of its own. */
async function verifyOffline(state: DemoState): Promise<boolean> {
  say('verifying the package offline');
  try {
    await promisify(execFile)(process.execPath, [
      join(packageRoot, 'bin', 'segproof.mjs'),
      'verify',
      state.package,
      '--key',
      state.key,
    ]);
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}
