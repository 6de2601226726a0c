import { readFileSync } from 'node:fs';
import { parseVerifierKey, type Verifier } from '../log/core/note.js';

/**
 * A log's verifier key given as text, or in a file.
 * @throws NoteError `bad_key`
 */
export function readVerifierKey(given: string): Verifier {
  return parseVerifierKey(given.split('+').length >= 3 ? given : readFileSync(given, 'utf8'));
}
