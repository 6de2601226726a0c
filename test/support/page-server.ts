import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.js';
import { paths } from '../../src/portal/paths.js';
import { contentSecurityPolicy } from '../../src/portal/render.js';

export interface PageServer extends AsyncDisposable {
  readonly url: string;
}

const assets: Readonly<Record<string, readonly [file: string, type: string]>> = {
  [paths.stylesheet]: ['portal.css', 'text/css; charset=utf-8'],
  [paths.script]: ['portal.js', 'text/javascript; charset=utf-8'],
  [paths.icon]: ['portal.svg', 'image/svg+xml'],
};

/** Serves rendered pages on 127.0.0.1 as the portal does: same assets, same content security policy. */
export async function servePages(render: (name: string) => string | null): Promise<PageServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const asset = assets[pathname];
    if (asset !== undefined) {
      response
        .writeHead(200, { 'content-type': asset[1] })
        .end(readFileSync(join(packageRoot, 'src/portal', asset[0])));
      return;
    }
    if (pathname.endsWith('/progress')) {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ state: 'building', step: 'Drawing the PDF', done: 3, total: 4 }));
      return;
    }
    const page = render(pathname.slice(1));
    response
      .writeHead(page === null ? 404 : 200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': contentSecurityPolicy,
      })
      .end(page ?? '<!doctype html><title>none</title>');
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no port'));
      else resolve(address.port);
    });
  });
}
