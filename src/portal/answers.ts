import type { VNode } from 'preact';
import { renderPage } from './render.js';

/** A page as an answer. Pages hold evidence and names of people: nothing on the way keeps a copy. */
export function pageAnswer(page: VNode, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  const html = renderPage(page);
  return new Response(html, {
    status,
    headers: {
      ...headers,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(html)),
      'Cache-Control': 'no-store',
    },
  });
}

/** After a form was taken: the browser goes on with GET (RFC 9110 section 15.4.4), so that reloading sends nothing again. */
export function seeOther(location: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 303, headers: { ...headers, Location: location, 'Cache-Control': 'no-store' } });
}
