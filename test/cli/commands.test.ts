import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { z } from 'zod';
import { demoCommand } from '../../src/cli/demo.js';
import { fsckCommand } from '../../src/cli/fsck.js';
import { keysCommand } from '../../src/cli/keys.js';
import { migrateCommand } from '../../src/cli/migrate.js';
import { normaliseCommand } from '../../src/cli/normalise.js';
import { policiesCommand } from '../../src/cli/policies/policies.js';
import { proofCommand } from '../../src/cli/proof.js';
import { rebuildCommand } from '../../src/cli/rebuild.js';
import { resumeSigningCommand } from '../../src/cli/resume-signing.js';
import { startCommand } from '../../src/cli/start.js';
import { verifyCommand } from '../../src/cli/verify.js';
import { packageRoot } from '../../src/package-root.js';
import { witnessCommand } from '../../src/cli/witness.js';
import { Api } from '../journeys/api.js';
import { runCommand, serviceVariables, startServiceProcess } from '../journeys/service-process.js';
import { freshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';

const { directory, removeDirectory } = temporaryDirectory();
after(removeDirectory);

const verbs = [
  startCommand('start', 'all'),
  startCommand('worker', 'worker'),
  demoCommand(),
  migrateCommand(),
  fsckCommand(),
  rebuildCommand(),
  keysCommand(),
  resumeSigningCommand(),
  normaliseCommand(),
  verifyCommand(),
  proofCommand(),
  policiesCommand(),
  witnessCommand(),
];

test('a reader that has seen enough ends a command without a word', async () => {
  const file = join(directory, 'many.ndjson');
  writeFileSync(file, '{"of":"no format"}\n'.repeat(5000));
  const child = spawn(process.execPath, [join(packageRoot, 'bin', 'segproof.mjs'), 'normalise', file]);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.once('data', () => child.stdout.destroy());
  const [code] = (await once(child, 'close')) as [number | null];
  assert.deepEqual([code, said], [0, '']);
});

describe('segproof', () => {
  test('lists its verbs and exit codes', async () => {
    const { code, stdout } = await runCommand(['--help']);
    assert.equal(code, 0);
    const listed = [...stdout.matchAll(/^ {2}(?<verb>[a-z-]+)(?: |$)/gmu)].map(({ groups }) => groups?.['verb'] ?? '');
    assert.deepEqual(listed, [...verbs.map((verb) => verb.name()), 'help']);
    assert.match(stdout, /Exit codes:\s+0 [^\n]*\n\s+1 [^\n]*\n\s+2 [^\n]*\n\s+3 /u);
  });

  test('explains each verb, its arguments and its options', () => {
    for (const verb of verbs.flatMap((one) => [one, ...one.commands])) {
      assert.ok(verb.description().length > 20, verb.name());
      for (const { name, description } of [
        ...verb.options.map((option) => ({ name: option.flags, description: option.description })),
        ...verb.registeredArguments.map((argument) => ({ name: argument.name(), description: argument.description })),
      ]) {
        assert.ok(description.length > 5, `${verb.name()} ${name} is explained`);
      }
    }
  });

  test('called wrongly exits with 2 and says how to call it', async () => {
    for (const args of [['frobnicate'], ['verify', 'package.zip']]) {
      const { code, stdout, stderr } = await runCommand(args);
      assert.equal(code, 2, args.join(' '));
      assert.equal(stdout, '', 'standard output is for results');
      assert.notEqual(stderr, '');
    }
  });

  test('that cannot do its work exits with 3', async () => {
    const key = 'log.example/segproof+00000000+AAAA';
    const cases: readonly (readonly [readonly string[], Record<string, string>, RegExp])[] = [
      [['migrate'], { DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none' }, /ECONNREFUSED/u],
      [['verify', join(directory, 'absent.zip'), '--key', key], {}, /absent\.zip|verifier key/u],
    ];
    for (const [args, env, message] of cases) {
      const { code, stdout, stderr } = await runCommand(args, env);
      assert.equal(code, 3, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, message);
      assert.equal(stdout, '');
    }
  });

  test('names every variable that is wrong, and starts nothing', async () => {
    const wrong = {
      PORT: '99999',
      LOG_LEVEL: 'loud',
      INGEST_MAX_BODY_BYTES: '-1',
      DATABASE_URL: 'mysql://localhost/x',
    };
    const { code, stderr } = await runCommand(['start'], { ...wrong, DATA_DIR: directory });
    assert.equal(code, 3);
    for (const name of Object.keys(wrong)) assert.match(stderr, new RegExp(`^  ${name}: `, 'mu'));
    assert.match(stderr, /DATABASE_URL: a URL like postgres/u);
    assert.match(stderr, /^segproof: The configuration is not valid:$/mu);
    assert.doesNotMatch(stderr, /^ {4}at /mu, 'a wrong setting needs no stack');
  });

  test('finds no log to verify in an empty database, and says where to look', async (t) => {
    const database = await freshDatabase(t);
    const { code, stdout, stderr } = await runCommand(['fsck'], serviceVariables(database, join(directory, 'none')));
    assert.deepEqual([code, stdout], [3, '']);
    assert.match(stderr, /There is no log in this database.*DATABASE_URL and DATA_DIR/u);
  });

  test('works beside a running service, and verifies what it is given', async () => {
    const database = await freshDatabase();
    const variables = serviceVariables(database, directory);
    let key: string;
    const service = await startServiceProcess(variables);
    try {
      const { name, password } = service.admin ?? { name: '', password: '' };
      const admin = await Api.signIn(service.url, name, password);
      key = (await admin.get('/log/head', z.object({ verifierKey: z.string() }))).verifierKey;
      // Beside the running service, on its database.
      const beside = await runCommand(['fsck'], variables);
      assert.equal(beside.code, 0, beside.stderr);
      assert.match(beside.stdout, /^intact: yes$/mu);
      writeFileSync(join(directory, 'damaged.checkpoint'), 'no checkpoint\n');
      const damaged = await runCommand(['fsck', '--checkpoint', join(directory, 'damaged.checkpoint')], variables);
      assert.equal(damaged.code, 3, 'a damaged file from outside says nothing about the log');
      assert.match(damaged.stdout, /^checkpoint_damaged at given 1: .*$[^]*^intact: cannot verify$/mu);
      const rebuilt = await runCommand(['rebuild', 'records', 'policies'], variables);
      assert.equal(rebuilt.code, 0, rebuilt.stderr);
      assert.match(rebuilt.stdout, /^records: rebuilt from \d+ entries\npolicies: rebuilt from \d+ entries$/mu);
    } finally {
      assert.equal(await service.end('SIGINT'), 0, service.stderr());
    }
    const file = join(directory, 'not-a-package.zip');
    writeFileSync(file, 'this is no archive');
    writeFileSync(join(directory, 'key.txt'), `${key}\n`);
    const { code, stdout } = await runCommand(['verify', file, '--key', join(directory, 'key.txt'), '--json']);
    assert.equal(code, 1);
    const result = z
      .object({ ok: z.literal(false), problems: z.array(z.object({ file: z.string(), message: z.string() })).min(1) })
      .parse(JSON.parse(stdout));
    assert.ok(result.problems.some(({ file: name }) => name === 'report.pdf'));
    const json = await runCommand(['fsck', '--json', '--key', key], variables);
    assert.deepEqual([json.code, json.stdout.trim().split('\n').length], [0, 1]);
    const { ok, entries, problems } = z
      .object({ ok: z.boolean(), entries: z.number(), problems: z.array(z.unknown()) })
      .parse(JSON.parse(json.stdout));
    assert.deepEqual([ok, problems], [true, []]);
    assert.ok(entries >= 3, `${entries} entries`);
    await database.drop();
  });
});
