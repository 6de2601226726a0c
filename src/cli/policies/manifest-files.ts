import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ManifestCluster } from '../../policies/manifests/cluster.js';
import type { ManifestFile, ManifestNote } from '../../policies/manifests/documents.js';
import type { ManifestTopology } from '../../policies/kubernetes/topology.js';

/** Thrown when manifests cannot be used; the message lists every reason with its place. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

const manifestName = /\.(ya?ml|json)(\.gz)?$/i;

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const files = readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && manifestName.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (files.length === 0) throw new ManifestError(`expected .yaml, .yml or .json files in ${path}, there are none`);
  return files;
}

/** What packed bytes hold. */
function unpacked(name: string, bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes);
  } catch (error) {
    throw new ManifestError(`${name} begins as gzip does and cannot be unpacked`, { cause: error });
  }
}

/**
 * The manifests of files and folders: of a folder all `.yaml`, `.yml`, `.json`, also packed with gzip.
 *
 * @throws ManifestError when a folder holds none, or a packed file cannot be unpacked
 */
export function manifestFiles(paths: readonly string[]): ManifestFile[] {
  return paths.flatMap(filesIn).map((name) => {
    const bytes = readFileSync(name);
    const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return { name, text: (packed ? unpacked(name, bytes) : bytes).toString('utf8').replace(/^\uFEFF/, '') };
  });
}

/** One note on a line: the file, the document when there are several, the object, the place in it. */
export function noteText({ place, object, path, message }: ManifestNote): string {
  const where = `${place.file}${place.document > 1 ? `, document ${place.document}` : ''}${place.item === '' ? '' : `, ${place.item}`}`;
  return [where, object, path, message].filter((part) => part !== '').join(': ');
}

/** Says on standard error what the manifests hold that no verdict regards. */
export function sayWhatIsLeftOut({ notModelled, doubts, passedOver }: ManifestCluster): void {
  for (const note of notModelled) console.error(`not modelled: ${noteText(note)}`);
  for (const note of doubts) console.error(`doubtful: ${noteText(note)}`);
  for (const { kind, count, meaning } of passedOver)
    console.error(
      meaning === null ? `passed over: ${kind} (${count}), no policy` : `not modelled: ${kind} (${count}): ${meaning}`,
    );
}

/** @throws ManifestError when the manifests have problems */
export function refuseProblems({ problems }: ManifestCluster): void {
  if (problems.length === 0) return;
  throw new ManifestError(
    `the manifests cannot be evaluated, as ${problems.length === 1 ? 'this is' : 'these are'} not valid:\n${problems.map((note) => `  ${noteText(note)}`).join('\n')}`,
  );
}

/**
 * The topology simulations run on. NetworkPolicies are applied to host-network workloads as to any other, without an
 * address of their own, unless they are exempt; the policies of network plugins never are.
 */
export function simulated({ topology, policies }: ManifestCluster, exempt: boolean): ManifestTopology {
  const count = topology.pods.filter(({ hostNetwork }) => hostNetwork).length;
  if (count === 0 || exempt) return topology;
  if (policies.some(({ id }) => id.system === 'calico' || id.system === 'cilium')) {
    console.error(`doubtful: ${count} workloads use the network of their node; policies are not applied to them`);
    return topology;
  }
  console.error(
    `doubtful: ${count} workloads use the network of their node; policies are applied to them as to any other, which ` +
      'few network plugins do (--host-network-exempt leaves them open)',
  );
  const pods = topology.pods.map((pod) => (pod.hostNetwork ? { ...pod, hostNetwork: false, ips: [] } : pod));
  return { ...topology, pods };
}
