import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { IngestAnswer } from '../../src/ingestion/ingest.js';
import { IssuedToken } from '../../src/ingestion/sources.js';
import { Database } from '../../src/database/database.js';
import { LogReader } from '../../src/log/read.js';
import { Api } from '../journeys/api.js';
import { runCommand, serviceVariables, startServiceProcess } from '../journeys/service-process.js';
import { hubbleFlow } from '../portal/sent-records.js';
import { freshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';

test('a service told to stop answers what it has taken: nothing acknowledged is missing, nothing kept is unanswered', async (t) => {
  const { directory, removeDirectory } = temporaryDirectory();
  t.after(removeDirectory);
  const databaseOfTest = await freshDatabase(t);
  const variables = serviceVariables(databaseOfTest, directory);
  const service = await startServiceProcess(variables);
  const { name, password } = service.admin ?? { name: '', password: '' };
  const admin = await Api.signIn(service.url, name, password);
  const source = await admin.post('/api/v1/sources', { name: 'hubble' }, IssuedToken);

  const acknowledged = new Map<number, string>();
  const stopping: Promise<number | null>[] = [];
  let made = 0;
  const outcomes = { taken: 0, refused: 0, broken: 0 };
  const client = async (): Promise<void> => {
    while (outcomes.broken < 8) {
      const flows = Array.from({ length: 50 }, () =>
        JSON.stringify(hubbleFlow({ time: new Date().toISOString(), from: 'shop/web', to: 'shop/api' }, made++)),
      );
      try {
        const response = await fetch(`${service.url}/ingest/v1/hubble`, {
          method: 'POST',
          headers: { authorization: `Bearer ${source.token}`, 'content-type': 'application/x-ndjson' },
          body: flows.join('\n'),
        });
        if (response.status !== 200) {
          assert.equal(response.status, 503, await response.text());
          outcomes.refused += 1;
          return;
        }
        const { receipts } = IngestAnswer.parse(await response.json());
        receipts.forEach(({ index }, at) => acknowledged.set(index, flows[at] ?? ''));
        outcomes.taken += 1;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // fetch throws it when there is no connection
        outcomes.broken += 1;
        return;
      }
      if (outcomes.taken === 24) stopping.push(service.end('SIGTERM'));
    }
  };
  await Promise.all(Array.from({ length: 8 }, client));
  assert.deepEqual(await Promise.all(stopping), [0], service.stderr());
  assert.ok(outcomes.taken >= 24);
  assert.match(service.stderr(), /stopping: requests taken are answered/u);

  const { code, stdout } = await runCommand(['fsck', '--json'], variables);
  assert.equal(code, 0, stdout);
  const { entries } = z.object({ entries: z.number() }).parse(JSON.parse(stdout));
  const database = await Database.connect(databaseOfTest.serviceUrl, { poolSize: 1, applicationName: 'test' });
  try {
    const stored = (await new LogReader(database).entries(0, entries)).filter(({ kind }) => kind === 'flow');
    assert.deepEqual(
      stored.map(({ index, payload }) => [index, payload?.toString()]),
      [...acknowledged].toSorted(([a], [b]) => a - b),
    );
  } finally {
    await database.close();
  }
});
