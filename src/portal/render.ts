import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/**
 * The HTML document of a page. Text and attribute values are escaped by the renderer; pages
 * never hand it markup. Pure: the same view model gives the same bytes.
 */
export function renderPage(page: VNode): string {
  return `<!doctype html>\n${renderToString(page)}`;
}

/**
 * What the pages are written for: nothing inline, nothing from elsewhere. To be sent as
 * `Content-Security-Policy` with every page.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
