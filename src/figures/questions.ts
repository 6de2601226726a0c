/** What can be asked of an estate, and the answers: the program of the thread that keeps estates' maps. */

import type { Policy } from '../policies/model.js';
import { computeFigures } from './compute.js';
import { EstateMap } from './estate-map.js';
import { simulateIncident, type Incident } from './incident.js';
import type { EstateInputs, FigureSet, WindowInputs } from './model.js';
import { allPathsFrom, pathPage, type OpenPath, type PathFilter, type PathPage } from './paths-list.js';
import { decisionOf, usageOf, type Decision, type Usage } from './usage.js';
import {
  policiesSelecting,
  workloadPage,
  workloadReach,
  type SelectingPolicy,
  type WorkloadFilter,
  type WorkloadPage,
  type WorkloadReach,
} from './workload-reach.js';

interface Page {
  readonly offset: number;
  readonly limit: number;
}

/** Each question with its answer. */
export interface Answers {
  readonly figures: FigureSet;
  readonly paths: PathPage;
  readonly workloads: WorkloadPage;
  /** Null for a workload that policies cannot select. */
  readonly workload: { readonly reach: WorkloadReach; readonly policies: readonly SelectingPolicy[] } | null;
  readonly incident: Incident | null;
  /** Paths whose sources are the workloads numbered from `offset`, and `done` when those were the last. */
  readonly pathsFrom: { readonly paths: readonly OpenPath[]; readonly done: boolean };
  /** The decision on each edge of the window. */
  readonly decisions: readonly Decision[];
}

export type Question =
  | { readonly kind: 'figures' }
  | { readonly kind: 'decisions' }
  | { readonly kind: 'paths'; readonly filter: PathFilter; readonly page: Page }
  | { readonly kind: 'workloads'; readonly filter: WorkloadFilter; readonly page: Page }
  | { readonly kind: 'workload'; readonly workload: string }
  | { readonly kind: 'incident'; readonly workload: string; readonly draft: readonly Policy[] | null }
  | { readonly kind: 'pathsFrom'; readonly page: Page };

/** An estate with its window: all questions on it share what is computed once. */
export class AskedEstate {
  private known: Usage | null = null;
  private figures: FigureSet | null = null;

  constructor(
    readonly map: EstateMap,
    readonly window: WindowInputs,
  ) {}

  private get usage(): Usage {
    return (this.known ??= usageOf(this.map, this.window.edges));
  }

  answer(question: Question): Answers[Question['kind']] {
    const { map, window } = this;
    switch (question.kind) {
      case 'figures':
        return (this.figures ??= computeFigures(map, window));
      case 'decisions':
        return window.edges.map((edge) => decisionOf(map, edge));
      case 'paths':
        return pathPage(map, this.usage, question.filter, question.page);
      case 'workloads':
        return workloadPage(map, question.filter, question.page);
      case 'workload': {
        const number = map.number(question.workload);
        const reach = workloadReach(map, number);
        return reach === undefined ? null : { reach, policies: policiesSelecting(map, number) };
      }
      case 'incident': {
        const after = question.draft === null ? null : withPolicies(map, question.draft);
        return simulateIncident(map, after, question.workload) ?? null;
      }
      case 'pathsFrom':
        return allPathsFrom(map, this.usage, question.page);
    }
  }
}

/** The map with other policies. Those that say the same as before are taken over, whichever objects they are. */
export function withPolicies(map: EstateMap, policies: readonly Policy[]): EstateMap {
  const known = new Map(map.inputs.policies.map((policy) => [JSON.stringify(policy), policy]));
  const same = policies.map((policy) => known.get(JSON.stringify(policy)) ?? policy);
  return new EstateMap({ ...map.inputs, policies: same }, map);
}

/** What is computed of the last few estates and windows, by their digests. */
export class AskedEstates {
  private readonly maps = new Map<string, EstateMap>();
  private readonly asked = new Map<string, AskedEstate>();

  constructor(private readonly most: number) {}

  /** Undefined when the estate or the window is not known and not given. */
  estate(
    estate: { readonly digest: string; readonly inputs: EstateInputs | null },
    window: { readonly digest: string; readonly inputs: WindowInputs | null },
  ): AskedEstate | undefined {
    const key = `${estate.digest} ${window.digest}`;
    const known = this.asked.get(key);
    if (known !== undefined) return this.keep(this.asked, key, known);
    const map = this.maps.get(estate.digest) ?? (estate.inputs === null ? undefined : new EstateMap(estate.inputs));
    if (map === undefined) return undefined;
    this.keep(this.maps, estate.digest, map);
    if (window.inputs === null) return undefined;
    return this.keep(this.asked, key, new AskedEstate(map, window.inputs));
  }

  private keep<Value>(among: Map<string, Value>, key: string, value: Value): Value {
    among.delete(key);
    among.set(key, value);
    for (const oldest of among.keys()) {
      if (among.size <= this.most) break;
      among.delete(oldest);
    }
    return value;
  }
}
