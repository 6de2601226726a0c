/** The systems that send the estate's records. */

import type { FormatName } from '../ingestion/normal-form.js';
import { hour, second } from './calendar.js';
import { auditSource, drSource, prodSources } from './workloads.js';

/** A source to be registered. */
export interface EstateSource {
  readonly name: string;
  readonly description: string;
  readonly format: FormatName | null;
  readonly silenceAfterSeconds: number | null;
}

const [zoneA, zoneB] = prodSources;

export const sources: readonly EstateSource[] = [
  {
    name: zoneA,
    description: 'Cilium Hubble exporter, cluster prod-eu1, zone a',
    format: 'hubble',
    silenceAfterSeconds: (2 * hour) / second,
  },
  {
    name: zoneB,
    description: 'Cilium Hubble exporter, cluster prod-eu1, zone b',
    format: 'hubble',
    silenceAfterSeconds: (2 * hour) / second,
  },
  {
    name: drSource,
    description: 'Cilium Hubble exporter, cluster dr-eu2 (disaster recovery)',
    format: 'hubble',
    silenceAfterSeconds: (24 * hour) / second,
  },
  {
    name: auditSource,
    description: 'Audit log of the API server of cluster prod-eu1',
    format: 'kubernetes-audit',
    silenceAfterSeconds: (12 * hour) / second,
  },
];
