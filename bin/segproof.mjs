#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const built = new URL('../dist/src/cli/main.js', import.meta.url);
if (!existsSync(fileURLToPath(built))) {
  console.error('segproof is not built yet; run "npm ci && npm run build" in its folder first.');
  process.exit(2);
}
await import(built.href);
