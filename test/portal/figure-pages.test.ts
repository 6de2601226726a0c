import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FigureHistory } from '../../src/figures/history.js';
import { assertDocument, textOf } from './html.js';
import { openPortal, type Portal } from './portal.js';

describe('pages of figures', () => {
  let portal: Portal;
  before(async () => {
    portal = await openPortal();
    await portal.service.app.get(FigureHistory).bringUpToDate();
  });
  after(() => portal.service.stop());

  const textAt = async (path: string, status = 200) => {
    const answer = await portal.browsers.requester.get(path);
    assert.equal(answer.status, status, path);
    assertDocument(answer.body, path);
    return { body: answer.body, text: textOf(answer.body) };
  };
  const simulate = async (fields: Readonly<Record<string, string>>, status = 200) => {
    const answer = await portal.browsers.requester.post('/incident', Object.entries(fields));
    assert.equal(answer.status, status);
    assertDocument(answer.body, 'the incident');
    return textOf(answer.body);
  };

  test('every figure stands beside its coverage and leads to a page that is there', async () => {
    const { body, text } = await textAt('/figures');
    assert.equal(text.match(/Coverage/gu)?.length, 9);
    const links = [...body.matchAll(/href="(\/(?:figures|map|policies|quarantine|sources)[^"]*)"/gu)];
    const paths = new Set(links.map(([, path = '']) => path.replaceAll('&amp;', '&')));
    assert.ok(paths.size >= 12);
    for (const path of paths) if (!path.startsWith('/quarantine')) await textAt(path);
    await textAt('/figures?segment=nobody', 404);
  });

  test('open paths are filtered and leafed through by their address', async () => {
    const { text } = await textAt('/figures/paths?source=k8s%3Acheckout%2Fweb&used=yes');
    assert.doesNotMatch(text, /Unused/u);
    await textAt('/figures/paths?cursor=older.100');
    await textAt('/figures/paths?cursor=older.x', 400);
  });

  test('a workload shows what selects it, and leads to the incident in which it is taken', async () => {
    const { body, text } = await textAt('/workloads/k8s%3Apayments%2Fapi');
    assert.match(text, /default-deny/u);
    assert.match(text, /Observed edges/u);
    assert.ok(body.includes('/incident?workload=k8s%3Apayments%2Fapi'));
    await textAt('/workloads/k8s%3Apayments%2Fnobody', 404);
  });

  test('an incident is simulated before and after a draft, and a wrong draft is kept with what is wrong', async () => {
    const workload = 'k8s:payments/api';
    const draft = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { namespace: payments, name: default-deny }
spec: { podSelector: { matchLabels: { app: nothing } } }
`;
    const sealed = await simulate({ workload, draft: '' });
    assert.match(sealed, /sealed off/u);
    const opened = await simulate({ workload, draft });
    assert.match(opened, /Newly reached/u);
    assert.match(await simulate({ workload, draft: 'spec: {' }, 400), /cannot be read/u);
    assert.match(await simulate({ workload, draft: `${draft}  hosts: []` }, 400), /hosts/u);
    assert.match(await simulate({ workload: '', draft }, 400), /Choose the workload/u);
  });

  test('the map draws each pair of segments once', async () => {
    const { body } = await textAt('/map?segment=payments');
    assert.match(body, /class="segment-matrix"/u);
    assert.match(body, /class="segment-graph/u);
    assert.doesNotMatch(body, /style="/u);
  });
});
