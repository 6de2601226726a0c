import { anchoredNotes } from './anchored-notes.js';
import { parseCheckpoint } from './core/checkpoint.js';
import { parseNote } from './core/note.js';
import { SigningState, type KnownState } from './signing-state.js';

/** Checkpoints of the log that this machine has outside the database. */
export interface OutsideCheckpoints {
  readonly notes: readonly string[];
  /** How many of them were left out, because an operator decided to go on without them. */
  readonly givenUp: number;
}

/**
 * What the signer remembers beside its key, and the newest anchored checkpoint of each day: what the database's superuser
 * cannot take back.
 */
export async function outsideCheckpoints(
  origin: string,
  folders: { readonly state: string; readonly anchors: string | undefined },
): Promise<OutsideCheckpoints> {
  const state = new SigningState(folders.state).read(origin);
  const notes = state.checkpoint === null ? [] : [state.checkpoint];
  let givenUp = 0;
  if (folders.anchors !== undefined) {
    const days = new Set<string>();
    for await (const { day, note } of anchoredNotes(folders.anchors)) {
      const known = days.has(day) ? null : stateOf(note, origin);
      if (known === null) continue;
      if (state.givenUp.some(({ size, root }) => size === known.size && root === known.root)) givenUp++;
      else {
        days.add(day);
        notes.push(note);
      }
    }
  }
  return { notes, givenUp };
}

/** Null for what is no whole checkpoint of this log: another's, or one that a crash cut short. */
function stateOf(note: string, origin: string): KnownState | null {
  try {
    const checkpoint = parseCheckpoint(parseNote(note).body);
    if (checkpoint.origin !== origin) return null;
    return { size: checkpoint.size, root: checkpoint.root.toString('base64') };
  } catch {
    return null;
  }
}
