import { normaliseCef } from './cef.js';
import { readCef } from './cef-text.js';
import type { FormatAdapter, Wire } from './wire.js';

/** Akamai Guardicore Centra: CEF with its verdict, rule and ruleset in labelled fields. */
export const guardicore: FormatAdapter = {
  name: 'guardicore',
  version: 2,
  detect,
  normalise: (wire) => normaliseCef(wire, guardicore),
};

function detect({ object, text, line }: Wire): boolean {
  if (object !== null) return false;
  const vendor = (readCef(text) ?? readCef(line))?.vendor ?? '';
  return /^(?:akamai )?guardicore$/i.test(vendor);
}
