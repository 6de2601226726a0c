import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { renderPage } from '../../src/portal/render.js';
import { pages } from '../fixtures/portal/pages.js';
import { findChromium, launchChromium, noChromium } from '../support/browser.js';
import { servePages, type PageServer } from '../support/page-server.js';

/**
 * Every page of the portal in a real browser, at the widths of a desk and of a phone, light and
 * dark. With SEGPROOF_SCREENSHOTS set to a folder, a picture of each is kept there.
 */

const executable = findChromium();
const screenshots = process.env['SEGPROOF_SCREENSHOTS'];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const looks: readonly { readonly name: string; readonly options: BrowserContextOptions }[] = [
  { name: '1280-light', options: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' } },
  { name: '1280-dark', options: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' } },
  { name: '390-light', options: { viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true } },
  { name: '390-dark', options: { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true } },
];

describe('portal pages in a browser', { skip: executable === null ? noChromium : false }, () => {
  let browser: Browser;
  let server: PageServer;

  before(async () => {
    // The suite is skipped without a browser.
    browser = await launchChromium(executable!);
    server = await servePages((name) => {
      const page = pages[name];
      return page === undefined ? null : renderPage(page.page());
    });
    if (screenshots !== undefined) mkdirSync(screenshots, { recursive: true });
  });

  after(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  for (const look of looks) {
    describe(look.name, () => {
      let page: Page;
      let complaints: string[];

      before(async () => {
        const context = await browser.newContext(look.options);
        page = await context.newPage();
        page.on('console', (message) => {
          if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
        });
        page.on('pageerror', (error) => complaints.push(error.message));
      });

      after(() => page.context().close());

      for (const name of Object.keys(pages)) {
        test(name, async () => {
          complaints = [];
          await page.goto(`${server.url}/${name}`);
          if (screenshots !== undefined)
            await page.screenshot({ path: join(screenshots, `${name}-${look.name}.png`), fullPage: true });
          assert.deepEqual(await overflowing(page), [], 'something is wider than the page');
          assert.deepEqual(await accessibilityProblems(page), []);
          if (await unfold(page)) {
            if (screenshots !== undefined)
              await page.screenshot({ path: join(screenshots, `${name}-unfolded-${look.name}.png`), fullPage: true });
            assert.deepEqual(await overflowing(page), [], 'something is wider than the page when unfolded');
            assert.deepEqual(await accessibilityProblems(page), []);
          }
          assert.deepEqual(complaints, [], 'the browser complains');
        });
      }
    });
  }

  describe('without scripts', () => {
    for (const width of [1280, 390]) {
      test(`nothing is lost at ${width} pixels`, async () => {
        const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width, height: 844 } });
        const page = await context.newPage();
        for (const name of Object.keys(pages)) {
          await page.goto(`${server.url}/${name}`);
          assert.equal(await page.locator('h1').count(), 1, name);
          assert.equal(
            await page.locator('button.copy:visible').count(),
            0,
            `${name} shows a button that does nothing`,
          );
        }
        await context.close();
      });
    }

    test('the menu of a narrow screen opens and leads on', async () => {
      const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
      const page = await context.newPage();
      await page.goto(`${server.url}/home`);
      const link = page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Segments' });
      assert.equal(await link.isVisible(), false);
      await page.getByRole('button', { name: 'Menu' }).click();
      if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, 'menu-390.png') });
      await link.click();
      assert.equal(new URL(page.url()).pathname, '/segments');
      await context.close();
    });

    test('the user menu opens and signs out', async () => {
      const context = await browser.newContext({ javaScriptEnabled: false });
      const page = await context.newPage();
      await page.goto(`${server.url}/home`);
      await page.getByRole('button', { name: 'Iris Bauer' }).click();
      if (screenshots !== undefined) await page.screenshot({ path: join(screenshots, 'user-menu-1280.png') });
      const request = page.waitForRequest('**/sign-out');
      await page.getByRole('button', { name: 'Sign out' }).click();
      assert.equal((await request).method(), 'POST');
      await context.close();
    });

    test('filters go into the URL', async () => {
      const context = await browser.newContext({ javaScriptEnabled: false });
      const page = await context.newPage();
      await page.goto(`${server.url}/records`);
      await page.getByLabel('Verdict').selectOption('would_deny');
      await page.getByLabel('Workload').fill('k8s:ledger/postings');
      await page.getByRole('button', { name: 'Apply filters' }).click();
      const query = new URL(page.url()).searchParams;
      assert.equal(query.get('verdict'), 'would_deny');
      assert.equal(query.get('workload'), 'k8s:ledger/postings');
      await context.close();
    });
  });

  describe('with scripts', () => {
    test('a complete table sorts by any column, both ways, and says so', async () => {
      const page = await browser.newPage();
      await page.goto(`${server.url}/segments`);
      const denied = page.locator('#segments tbody td[data-head="Denied"]');
      await page.getByRole('button', { name: 'Denied' }).click();
      assert.deepEqual(await denied.allInnerTexts(), ['0', '0', '12', '33', '61', '87', '118', '406']);
      await page.getByRole('button', { name: 'Denied' }).click();
      assert.deepEqual(await denied.allInnerTexts(), ['406', '118', '87', '61', '33', '12', '0', '0']);
      assert.equal(await page.locator('#segments th[aria-sort]').getAttribute('aria-sort'), 'descending');
      await page.close();
    });

    test('a shortened hash is copied whole', async () => {
      const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
      const page = await context.newPage();
      await page.goto(`${server.url}/home`);
      const button = page.getByRole('button', { name: 'Copy root hash' }).first();
      const whole = await button.getAttribute('data-copy');
      assert.equal(whole?.length, 64);
      await button.click();
      assert.equal(await page.evaluate('navigator.clipboard.readText()'), whole);
      await context.close();
    });

    test('the progress of a report moves by itself', async () => {
      const page = await browser.newPage();
      await page.goto(`${server.url}/report-building`);
      await page.getByText('Drawing the PDF').waitFor({ timeout: 10_000 });
      assert.equal(await page.locator('progress').getAttribute('value'), '3');
      await page.close();
    });
  });
});

/** What sticks out of the page sideways, and tables that do not fit their frame on a wide screen. */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth ? ['page'] : [];
    const frames = innerWidth < 1280 ? [] : [...document.querySelectorAll('.table-frame')].filter((frame) => frame.scrollWidth > frame.clientWidth);
    return [...wide, ...frames.map((frame) => frame.querySelector('table').id)];
  })()`);
}

/** Opens all that is folded away; false where nothing is. */
function unfold(page: Page): Promise<boolean> {
  return page.evaluate(`(() => {
    const folded = [...document.querySelectorAll('details:not([open])')];
    for (const details of folded) details.open = true;
    return folded.length > 0;
  })()`);
}

async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const results: AxeResults = await page.evaluate(`axe.run({
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  })`);
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
  );
}
