import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Book, type Client } from './client.js';
import { documented } from './documented.js';
import { connectWhenReady, findProgram, freePort, missingProgram, startProgram } from './program.js';
import { booked } from './splunk.js';

const alertMilliseconds = 3_600_000;

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
          {
            labels: { alertname: 'DropsRising', severity: 'critical', rule: mark },
            annotations: { summary: 'drops' },
            // Without it, an alert that is not repeated is told to have resolved after five minutes.
            endsAt: new Date(Date.now() + alertMilliseconds).toISOString(),
          },
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
