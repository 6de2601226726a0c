import { readFileSync } from 'node:fs';
import { ConfigError } from '../../config.js';
import { parseWitnessPolicy, type WitnessPolicy } from '../core/witness-policy.js';

/**
 * Reads the operator's witness policy; null when no file is named.
 * @throws ConfigError when the file cannot be read, is no policy, or names a witness by something that is no HTTP URL.
 */
export function loadWitnessPolicy(file: string | undefined): WitnessPolicy | null {
  if (file === undefined) return null;
  let policy: WitnessPolicy;
  try {
    policy = parseWitnessPolicy(readFileSync(file));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`WITNESS_POLICY_FILE: ${file} is no witness policy (C2SP tlog-policy): ${reason}`, { cause });
  }
  for (const { name, url } of policy.witnesses) {
    if (url !== null && !/^https?:$/u.test(URL.canParse(url) ? new URL(url).protocol : '')) {
      throw new ConfigError(`WITNESS_POLICY_FILE: the witness ${name} needs a URL like https://host/path, got ${url}`);
    }
  }
  return policy;
}
