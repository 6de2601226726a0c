import { closeSync, fchmodSync, fchownSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a small file so that after a power cut it is there in full, or as it was before. */
export function writeDurably(path: string, text: string, mode: number, owner?: { uid: number; gid: number }): void {
  const draft = `${path}.${process.pid}.draft`;
  const file = openSync(draft, 'w', mode);
  try {
    fchmodSync(file, mode);
    if (owner) fchownSync(file, owner.uid, owner.gid);
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameDurably(draft, path);
}

/** Renames a file or folder that is already on disk, replacing a file or an empty folder, and makes the new name last. */
export function renameDurably(from: string, to: string): void {
  renameSync(from, to);
  const folder = openSync(dirname(to), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
