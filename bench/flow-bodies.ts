import { generateEstate } from '../src/demo/estate.js';

/** Bodies of NDJSON with so many Hubble flows each, all different. */
export function flowBodies(count: number, linesPerBatch: number): Buffer[] {
  const estate = generateEstate({
    seed: 7,
    end: new Date('2026-11-01T00:00:00Z'),
    flows: count * linesPerBatch + 20_000,
  });
  const bodies: Buffer[] = [];
  let lines: string[] = [];
  for (const step of estate.steps) {
    if (step.kind !== 'ingest' || step.contents.policyChanges > 0 || step.contents.resent) continue;
    for (const line of step.body.split('\n')) {
      if (!line.startsWith('{"flow"') || !line.endsWith('}')) continue;
      lines.push(line);
      if (lines.length < linesPerBatch) continue;
      bodies.push(Buffer.from(`${lines.join('\n')}\n`));
      lines = [];
      if (bodies.length === count) return bodies;
    }
  }
  throw new Error(`the estate gave ${bodies.length} batches, ${count} are needed`);
}
