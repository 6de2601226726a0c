import { Inject, Injectable } from '@nestjs/common';
import { EstateMaps } from './estate-maps.js';
import { Figures } from './figures.js';
import type { FigureInputs } from './inputs.js';
import { criticalityWeights, figuresVersion, windowDays } from './model.js';

/** Workloads whose paths are asked for at once. */
const sourcesAtOnce = 100;

/**
 * Everything the figures of now are computed from, as lines of JSON: the head, segments, workloads, policies, open paths,
 * edges, findings, policy versions. docs/figures/README.md says how each figure follows from them.
 */
@Injectable()
export class FigureExport {
  constructor(
    @Inject(Figures) private readonly figures: Figures,
    @Inject(EstateMaps) private readonly maps: EstateMaps,
  ) {}

  async start(): Promise<{ readonly name: string; readonly lines: AsyncGenerator<string> }> {
    const inputs = await this.figures.inputs();
    const time = inputs.window.inputs.asOf.slice(0, 19).replaceAll(':', '');
    return { name: `figures-${time}Z.ndjson`, lines: this.lines(inputs) };
  }

  private async *lines(inputs: FigureInputs): AsyncGenerator<string> {
    const { estate, window, objects } = inputs;
    const { segments, workloads, objectsInForce, objectsModelled } = estate.inputs;
    const { from, asOf, edges, findings, closedBefore, versions, records } = window.inputs;
    yield line({
      type: 'figures',
      version: figuresVersion,
      windowDays,
      from,
      asOf,
      estateDigest: estate.digest,
      windowDigest: window.digest,
      criticalityWeights,
      objectsInForce,
      objectsModelled,
      records,
      closedBefore,
    });
    for (const segment of segments) yield line({ type: 'segment', ...segment });
    const { workloads: reach } = await this.maps.ask<'workloads'>(inputs, {
      kind: 'workloads',
      filter: { segment: null, exposedWithin: null, ungoverned: null },
      page: { offset: 0, limit: workloads.length },
    });
    const governed = new Map(reach.map((one) => [one.workload, one]));
    for (const workload of workloads) {
      const { ingress = false, egress = false } = governed.get(workload.key) ?? {};
      yield line({ type: 'workload', ...workload, governed: { ingress, egress } });
    }
    for (const { object, ...policy } of objects) yield line({ type: 'policy', ...policy, object });
    for (let offset = 0; ; offset += sourcesAtOnce) {
      const page = { offset, limit: sourcesAtOnce };
      const { paths, done } = await this.maps.ask<'pathsFrom'>(inputs, { kind: 'pathsFrom', page });
      yield paths.map((path) => line({ type: 'path', ...path })).join('');
      if (done) break;
    }
    const decisions = await this.maps.ask<'decisions'>(inputs, { kind: 'decisions' });
    for (const [place, edge] of edges.entries()) yield line({ type: 'edge', ...edge, decision: decisions[place] });
    for (const finding of findings) yield line({ type: 'finding', ...finding });
    for (const version of versions) yield line({ type: 'version', ...version });
  }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
