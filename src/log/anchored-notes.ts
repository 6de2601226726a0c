import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Checkpoints in an anchor folder (`<day>/<size>.checkpoint`), newest first; none when the folder is not there. */
export async function* anchoredNotes(folder: string): AsyncGenerator<{ readonly day: string; readonly note: string }> {
  for (const day of await namesIn(folder, /^\d{4}-\d{2}-\d{2}$/u)) {
    for (const file of await namesIn(join(folder, day), /^\d{16}\.checkpoint$/u)) {
      yield { day, note: await readFile(join(folder, day, file), 'utf8') };
    }
  }
}

async function namesIn(folder: string, pattern: RegExp): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => pattern.test(name)).toSorted((a, b) => (a < b ? 1 : -1));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
