import assert from 'node:assert/strict';

/** Elements that have no end tag. */
const voidElements = new Set(['meta', 'link', 'input', 'br', 'hr', 'img', 'wbr', 'source', 'col']);

const tag = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[^\s=>"'/]+(?:="[^"]*")?)*)\s*(\/?)>/gu;

/**
 * Expects a whole document whose tags nest, whose ids are unique and whose links within the page lead somewhere, with
 * nothing in it that shows a value was missing.
 */
export function assertDocument(html: string, where: string): void {
  assert.match(html, /^<!doctype html>\n<html lang="en">/u, where);
  const open: string[] = [];
  const ids = new Set<string>();
  for (const [, end, name = '', attributes = '', selfClosed] of html.matchAll(tag)) {
    if (end === '/') {
      assert.equal(open.pop(), name, `${where}: </${name}> closes another element`);
      continue;
    }
    const id = /\sid="([^"]*)"/u.exec(attributes)?.[1];
    if (id !== undefined) {
      assert.ok(!ids.has(id), `${where}: the id ${id} occurs twice`);
      ids.add(id);
    }
    if (selfClosed === '' && !voidElements.has(name)) open.push(name);
  }
  assert.deepEqual(open, [], `${where}: elements left open`);
  for (const [, target = ''] of html.matchAll(/\shref="#([^"]+)"/gu)) {
    assert.ok(ids.has(decodeURIComponent(target)), `${where}: #${target} leads nowhere`);
  }
  const shown = textOf(html);
  for (const slip of [/\bundefined\b/u, /\[object /u, /\bNaN\b/u, /\bInvalid Date\b/u])
    assert.doesNotMatch(shown, slip, where);
}

/** Where the portal lets a long name break; a reader sees none of it. */
const nameBreak = /<\/span><wbr\s*\/?><span class="name-part">|<wbr\s*\/?>/gu;

/** What a reader sees, with white space in one. */
export function textOf(html: string): string {
  return decoded(html.replaceAll(nameBreak, '').replaceAll(/<(?:!doctype|\/?[a-zA-Z])[^>]*>/gu, ' ')).replaceAll(
    /\s+/gu,
    ' ',
  );
}

/** Text of an attribute or of a text node. */
export function decoded(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
