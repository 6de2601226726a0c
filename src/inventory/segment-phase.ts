import { z } from 'zod';

/** How far the segmentation of a segment has come: from watching to denying, in order. */
export const phaseOrder = ['discovery', 'modelling', 'testing', 'monitoring', 'enforcing'] as const;
export const SegmentPhase = z.enum(phaseOrder);
export type SegmentPhase = z.infer<typeof SegmentPhase>;
