/** The systems that send the estate's records. */

import type { FormatName } from '../ingestion/normal-form.js';
import { day, second } from './calendar.js';
import { auditSource, drSource, prodSources } from './workloads.js';

/** A source to be registered. */
export interface EstateSource {
  readonly name: string;
  readonly description: string;
  readonly format: FormatName | null;
  readonly silenceAfterSeconds: number | null;
}

const [zoneA, zoneB] = prodSources;
/** A day, so that a demo somebody leaves running does not call every source silent within the hour. */
const silenceAfterSeconds = day / second;

export const sources: readonly EstateSource[] = [
  {
    name: zoneA,
    description: 'Cilium Hubble exporter, cluster prod-eu1, zone a',
    format: 'hubble',
    silenceAfterSeconds,
  },
  {
    name: zoneB,
    description: 'Cilium Hubble exporter, cluster prod-eu1, zone b',
    format: 'hubble',
    silenceAfterSeconds,
  },
  {
    name: drSource,
    description: 'Cilium Hubble exporter, cluster dr-eu2 (disaster recovery)',
    format: 'hubble',
    silenceAfterSeconds,
  },
  {
    name: auditSource,
    description: 'Audit log of the API server of cluster prod-eu1',
    format: 'kubernetes-audit',
    silenceAfterSeconds,
  },
];
