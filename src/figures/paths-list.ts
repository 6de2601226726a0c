/** Open east-west paths as a list: what the counts of paths are counts of. */

import type { Direction } from '../policies/model.js';
import { explainSide, type ExplainedSide } from '../policies/flow-questions.js';
import type { PortRange } from '../policies/simulation/ports.js';
import { protocols } from '../policies/model.js';
import type { EstateMap } from './estate-map.js';
import { pathKey, type LastUse, type Usage } from './usage.js';

/** Which paths; a member that is null leaves the choice open. `none` as a segment is what is in no segment. */
export interface PathFilter {
  /** Segment of the source, and of the destination. */
  readonly from: string | null;
  readonly to: string | null;
  /** Segment that either end is in. */
  readonly segment: string | null;
  readonly source: string | null;
  readonly destination: string | null;
  readonly used: boolean | null;
}

export interface OpenPath {
  readonly source: string;
  readonly destination: string;
  readonly sourceSegment: string | null;
  readonly destinationSegment: string | null;
  readonly ports: PortRange;
  readonly used: LastUse | null;
}

/** One side's part in a path: the policies behind it, or why there are none. */
export interface PathSide {
  readonly reason: ExplainedSide['reason'];
  readonly policies: readonly string[];
}

export interface ExplainedPath extends OpenPath {
  readonly egress: PathSide;
  readonly ingress: PathSide;
}

export interface PathPage {
  readonly paths: readonly ExplainedPath[];
  readonly matching: number;
}

export const noSegment = '-';

function segmentName(map: EstateMap, workload: number): string | null {
  return map.inputs.segments[map.segmentOf[workload] ?? -1]?.name ?? null;
}

interface Found {
  readonly source: number;
  readonly destination: number;
  readonly range: number;
}

/** Numbers of all paths that match, in the order of the workloads, then of the ports. */
function* find(map: EstateMap, usage: Usage, filter: PathFilter): Generator<Found> {
  const segments = map.inputs.workloads.map((_, workload) => segmentName(map, workload) ?? noSegment);
  const only = (key: string | null): number | null => (key === null ? null : map.number(key));
  const [source, destination] = [only(filter.source), only(filter.destination)];
  for (let from = 0; from < map.size; from++) {
    if (source !== null && from !== source) continue;
    if (filter.from !== null && segments[from] !== filter.from) continue;
    for (let to = 0; to < map.size; to++) {
      if (destination !== null && to !== destination) continue;
      if (filter.to !== null && segments[to] !== filter.to) continue;
      if (filter.segment !== null && segments[from] !== filter.segment && segments[to] !== filter.segment) continue;
      const ranges = map.ranges(from, to);
      for (let range = 0; range < ranges.length; range++) {
        const used = filter.used === null || usage.used.has(pathKey(from, to, range)) === filter.used;
        if (used) yield { source: from, destination: to, range };
      }
    }
  }
}

function pathAt(map: EstateMap, usage: Usage, { source, destination, range }: Found): OpenPath {
  const { workloads } = map.inputs;
  const ports = map.ranges(source, destination)[range];
  if (ports === undefined) throw new RangeError(`expected a port range of the path, got place ${range}`);
  return {
    source: workloads[source]?.key ?? '',
    destination: workloads[destination]?.key ?? '',
    sourceSegment: segmentName(map, source),
    destinationSegment: segmentName(map, destination),
    ports,
    used: usage.used.get(pathKey(source, destination, range)) ?? null,
  };
}

/** The policies that allow a port range, by its first port: within a range, others may allow the rest. */
export function sidesOf(
  map: EstateMap,
  source: number,
  destination: number,
  { protocol, first }: PortRange,
): Readonly<Record<Direction, PathSide>> {
  const verdict = map.connectivity.engine.verdictOf(source, destination, protocols.indexOf(protocol), first);
  const side = (direction: Direction): PathSide => {
    const { reason, policies } = explainSide(direction, verdict[direction]);
    return { reason, policies: [...new Set(policies)] };
  };
  return { egress: side('egress'), ingress: side('ingress') };
}

/** A part of the list, explained, and how many match in all. */
export function pathPage(
  map: EstateMap,
  usage: Usage,
  filter: PathFilter,
  page: { readonly offset: number; readonly limit: number },
): PathPage {
  const found: Found[] = [];
  let matching = 0;
  for (const path of find(map, usage, filter)) {
    if (matching >= page.offset && found.length < page.limit) found.push(path);
    matching++;
  }
  const paths = found.map((path): ExplainedPath => {
    const open = pathAt(map, usage, path);
    return { ...open, ...sidesOf(map, path.source, path.destination, open.ports) };
  });
  return { paths, matching };
}

/** Paths by their sources, without explanation: for exports. */
export function allPathsFrom(
  map: EstateMap,
  usage: Usage,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): { readonly paths: readonly OpenPath[]; readonly done: boolean } {
  const paths: OpenPath[] = [];
  const end = Math.min(offset + limit, map.size);
  for (let source = offset; source < end; source++)
    for (let destination = 0; destination < map.size; destination++)
      for (const range of map.ranges(source, destination).keys())
        paths.push(pathAt(map, usage, { source, destination, range }));
  return { paths, done: end === map.size };
}
