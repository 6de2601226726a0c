/** Breaking text into lines, and making any text drawable. Pure: widths and glyph coverage are passed in. */

// Everything that has no shape of its own or could disguise what is printed: controls, bidirectional
// overrides, zero-width characters, private use, unassigned code points, lone surrogates.
const invisible = /[\p{C}\u2028\u2029]/u;
const combining = /\p{M}/u;
const breakAfter = /[/\\._\-:,;@=&?+|)\]}]/u;

/**
 * Text as it can be drawn: what the font lacks or a reader could not see is written out as
 * `[U+202E]`, so nothing disappears and no name can pose as another. White space becomes a space;
 * line feeds stay.
 */
export function drawable(text: string, hasGlyph: (codePoint: number) => boolean): string {
  let result = '';
  for (const character of text) {
    // Iterating a string yields code points, so each piece has one.
    const codePoint = character.codePointAt(0) ?? 0;
    if (character === '\n') result += character;
    else if (character === '\t' || character === '\r') result += ' ';
    else if (invisible.test(character) || !hasGlyph(codePoint)) {
      result += `[U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}]`;
    } else result += character;
  }
  return result;
}

/** Pieces of a word between which a line may end; concatenated they are the word. */
function pieces(word: string): string[] {
  const found: string[] = [];
  let piece = '';
  for (const character of word) {
    piece += character;
    if (breakAfter.test(character)) {
      found.push(piece);
      piece = '';
    }
  }
  if (piece !== '') found.push(piece);
  return found;
}

/** Characters with the marks that sit on them. */
function clusters(text: string): string[] {
  const found: string[] = [];
  for (const character of text) {
    const last = found.length - 1;
    if (last >= 0 && combining.test(character)) found[last] += character;
    else found.push(character);
  }
  return found;
}

/**
 * Lines no wider than `width`: broken at spaces, a word that is too long after punctuation, and a
 * piece that is still too long between characters. At least one line, which may be empty.
 */
export function breakLines(text: string, width: number, measure: (text: string) => number): string[] {
  const lines: string[] = [];
  const space = measure(' ');
  for (const paragraph of text.split('\n')) {
    let line = '';
    let used = 0;
    const endLine = (): void => {
      lines.push(line);
      line = '';
      used = 0;
    };
    for (const word of paragraph.split(' ')) {
      if (word === '') continue;
      const wordWidth = measure(word);
      const gap = line === '' ? 0 : space;
      if (used + gap + wordWidth <= width) {
        line += gap === 0 ? word : ` ${word}`;
        used += gap + wordWidth;
        continue;
      }
      if (wordWidth <= width) {
        endLine();
        line = word;
        used = wordWidth;
        continue;
      }
      // Too long for any line: start it where there is room for a useful part, else on a new line.
      if (line !== '' && width - used - space < width / 3) endLine();
      else if (line !== '') {
        line += ' ';
        used += space;
      }
      for (const piece of pieces(word)) {
        const pieceWidth = measure(piece);
        if (used + pieceWidth <= width) {
          line += piece;
          used += pieceWidth;
          continue;
        }
        if (pieceWidth <= width) {
          endLine();
          line = piece;
          used = pieceWidth;
          continue;
        }
        for (const cluster of clusters(piece)) {
          const clusterWidth = measure(cluster);
          if (used + clusterWidth > width && line !== '') endLine();
          line += cluster;
          used += clusterWidth;
        }
      }
    }
    endLine();
  }
  return lines.map((line) => line.trimEnd());
}
