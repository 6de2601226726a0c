import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findPackageRoot(from: string): string {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`no package.json above ${from}`);
  }
}

/** Folder of package.json: where stylesheets, fonts and the default data folder lie, for source and compiled files alike. */
export const packageRoot = findPackageRoot(fileURLToPath(import.meta.url));
