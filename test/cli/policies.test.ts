import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { runCommand } from '../journeys/service-process.js';
import { temporaryDirectory } from '../support/server.js';

const { directory, removeDirectory } = temporaryDirectory();
after(removeDirectory);

const workloads = ['web', 'api'].map(
  (name) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: shop }
spec: { template: { metadata: { labels: { app: ${name} } }, spec: { containers: [{ name: main, ports: [{ containerPort: 8443 }] }] } } }`,
);

const guard = (ports: string) => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: api, namespace: shop }
spec:
  podSelector: { matchLabels: { app: api } }
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: ${ports} }]`;

const folder = (name: string) => join(directory, name);
const run = async (...args: string[]) => await runCommand(['policies', ...args]);

before(() => {
  for (const [name, policy] of Object.entries({
    old: guard('[{ port: 8443 }]'),
    new: guard('[{ port: 8443 }, { port: 53, protocol: UDP }]'),
    bad: guard('[{ port: 99999 }]'),
  })) {
    mkdirSync(join(folder(name), 'deeper'), { recursive: true });
    writeFileSync(join(folder(name), 'workloads.yaml'), workloads.join('\n---'));
    writeFileSync(join(folder(name), 'deeper', 'policy.yml.gz'), gzipSync(policy));
    writeFileSync(join(folder(name), 'README.md'), 'kind: no manifest');
  }
  writeFileSync(join(folder('old'), 'ingress.json'), JSON.stringify({ kind: 'Ingress', metadata: { name: 'front' } }));
});

describe('segproof policies', () => {
  test('connections lists what is allowed and says what is not modelled', async () => {
    const { code, stdout, stderr } = await run('connections', folder('old'));
    assert.equal(code, 0);
    assert.deepEqual(stdout.trim().split('\n'), [
      '0.0.0.0-255.255.255.255[External] => shop/web[Deployment] : All Connections',
      'shop/web[Deployment] => 0.0.0.0-255.255.255.255[External] : All Connections',
      'shop/web[Deployment] => shop/api[Deployment] : TCP 8443',
    ]);
    assert.match(stderr, /not modelled: Ingress \(1\)/u);
  });

  test('connections explains every pair, denied ones too', async () => {
    const { stdout } = await run('connections', '--explain', folder('old'));
    assert.match(
      stdout,
      /shop\/web\[Deployment\] => shop\/api\[Deployment\] : TCP 8443\n {2}allowed : TCP 8443\n {4}egress allow: no policy selects it\n {4}ingress allow: allowed by NetworkPolicy shop\/api rule 0 \(peer 0, port 0\)/u,
    );
    assert.match(
      stdout,
      /shop\/api\[Deployment\] => shop\/web\[Deployment\] : No Connections\n {2}denied : All Connections\n {4}egress deny: isolated by NetworkPolicy shop\/api/u,
    );
  });

  test('diff exits with 1 when something differs and 0 when nothing does', async () => {
    const changed = await run('diff', folder('old'), folder('new'));
    assert.equal(changed.code, 1);
    assert.deepEqual(changed.stdout.trim().split('\n'), [
      'Connectivity diff:',
      'diff-type: changed, source: shop/web[Deployment], destination: shop/api[Deployment], ref1: TCP 8443, ref2: TCP 8443,UDP 53',
    ]);
    const same = await run('diff', '--json', folder('new'), folder('new'));
    assert.deepEqual([same.code, same.stdout.trim()], [0, '[]']);
  });

  test('eval answers each flow with one JSON object, unknown ones too', async () => {
    const flows = join(directory, 'flows.csv.gz');
    writeFileSync(
      flows,
      gzipSync(
        'src,dst,protocol,port\nshop/web,shop/api,TCP,8443\nshop/api,8.8.8.8,UDP,53\nshop/gone,shop/api,TCP,1\n',
      ),
    );
    const { code, stdout } = await run('eval', '--objects', folder('old'), '--flows', flows);
    assert.equal(code, 0);
    const answer = z.looseObject({ verdict: z.string() });
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => answer.parse(JSON.parse(line)));
    assert.deepEqual(
      answers.map(({ verdict }) => verdict),
      ['allow', 'deny', 'unknown'],
    );
    assert.equal(answers[2]?.['reason'], 'unknown_workload');
  });

  test('lint exits with 1 when there are warnings', async () => {
    const sound = await run('lint', folder('new'));
    assert.equal(sound.code, 0);
    const invalid = await run('lint', '--json', folder('bad'));
    assert.equal(invalid.code, 1);
    assert.match(invalid.stdout, /spec\.ingress\[0\]\.ports\[0\]\.port/u);
  });

  test('manifests that are not valid are refused with the place, and nothing is listed', async () => {
    const { code, stdout, stderr } = await run('connections', folder('bad'));
    assert.deepEqual([code, stdout], [3, '']);
    assert.match(
      stderr,
      /deeper\/policy\.yml\.gz: NetworkPolicy shop\/api: spec\.ingress\[0\]\.ports\[0\]\.port: expected a whole number/u,
    );
    assert.doesNotMatch(stderr, /\n\s+at /u);
  });

  test('what holds no manifests or flows is said to be so', async () => {
    mkdirSync(folder('empty'));
    const empty = await run('connections', folder('empty'));
    assert.deepEqual([empty.code, empty.stdout], [3, '']);
    assert.match(empty.stderr, /segproof: expected \.yaml/u);
    const broken = join(directory, 'broken.csv.gz');
    writeFileSync(broken, 'src,dst,protocol,port');
    const flows = await run('eval', '--objects', folder('new'), '--flows', broken);
    assert.equal(flows.code, 3);
    assert.match(flows.stderr, /segproof: .*broken\.csv\.gz cannot be unpacked/u);
  });

  test('a folder that is not there is said to be so', async () => {
    const { code, stderr } = await run('connections', folder('nowhere'));
    assert.equal(code, 3);
    assert.match(stderr, /segproof: ENOENT/u);
  });

  test('render prints what enforces intents, also those made from a template, without what has expired', async () => {
    const path = join(directory, 'intents.yaml');
    const intents = `
apiVersion: segproof.dev/v1
kind: IntentTemplate
metadata: { name: web-service }
spec:
  parameters: [{ name: port }]
  intent:
    tiers: { web: { namespaces: [shop], labels: { app: web } }, api: { namespaces: [shop], labels: { app: api } } }
    rules: [{ from: web, to: api, ports: ['\${port}'] }, { from: web, to: api, ports: [9090], expires: 2026-01-31 }]
---
apiVersion: segproof.dev/v1
kind: Intent
metadata: { name: shop }
spec: { template: web-service, parameters: { port: 8443 }, owner: Team Shop, reason: Orders }`;
    writeFileSync(path, intents);
    const { code, stdout } = await run('render', path);
    assert.equal(code, 0);
    assert.match(stdout, /^apiVersion: networking\.k8s\.io\/v1\nkind: NetworkPolicy\n/u);
    assert.match(stdout, /segproof\.dev\/owner: Team Shop/u);
    assert.match(stdout, /port: 8443/u);
    assert.doesNotMatch(stdout, /9090/u, 'the rule has expired');
    assert.match((await run('render', '--at', '2026-01-31', path)).stdout, /9090/u, 'a day holds to its end');
    writeFileSync(path, intents.replace('port: 8443', 'prot: 8443'));
    const broken = await run('render', path);
    assert.equal(broken.code, 3);
    assert.match(broken.stderr, /spec\.parameters\.port: is required by template web-service/u);
    assert.equal((await run('render', folder('old'))).code, 3);
    assert.equal((await run('render', '--at', 'soon', path)).code, 2);
  });
});
