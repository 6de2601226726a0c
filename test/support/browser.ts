import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser the pages are looked at with: `SEGPROOF_CHROMIUM`, or where distributions put it; null when there is none. */
export function findChromium(): string | null {
  const named = process.env['SEGPROOF_CHROMIUM'];
  return [...(named === undefined ? [] : [named]), ...candidates].find((path) => existsSync(path)) ?? null;
}

export const noChromium = 'no Chromium found: install Debian’s chromium, or set SEGPROOF_CHROMIUM to its path';

/** Headless, without a sandbox (tests may run as root in a container), and without calls of its own to the network. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}
