import { tileWidth } from './tiles.js';

/** What a path of C2SP tlog-tiles names: hashes at a level of the tree, or leaf data. */
export interface TilePath {
  /** Level of the hashes; `entries` for leaf data. */
  readonly level: number | 'entries';
  readonly index: number;
  /** Hashes or entries in it: 256 for a full one, 1 to 255 for a partial one. */
  readonly width: number;
}

const pattern = /^(0|[1-9][0-9]?|entries)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/u;
const topLevel = 63;

/** Index in zero-padded path elements of three digits, all but the last beginning with `x`. */
export function formatTileIndex(index: number): string {
  const last = String(index % 1000).padStart(3, '0');
  let path = last;
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return path;
}

/** Path below `<prefix>/tile/`. */
export function formatTilePath({ level, index, width }: TilePath): string {
  return `${level}/${formatTileIndex(index)}${width === tileWidth ? '' : `.p/${width}`}`;
}

/** Reads a path below `<prefix>/tile/`; null when it is not the one spelling of a tile. */
export function parseTilePath(path: string): TilePath | null {
  const [, levelText, indexText, widthText] = pattern.exec(path) ?? [];
  if (levelText === undefined || indexText === undefined) return null;
  const level = levelText === 'entries' ? levelText : Number(levelText);
  const index = Number(indexText.replaceAll(/[x/]/gu, ''));
  const width = widthText === undefined ? tileWidth : Number(widthText);
  if ((level !== 'entries' && level > topLevel) || !Number.isSafeInteger(index)) return null;
  if (widthText !== undefined && width >= tileWidth) return null;
  return formatTileIndex(index) === indexText ? { level, index, width } : null;
}
