import type { PhaseBoard, PhaseDetail } from '../phases/phases.js';
import type { RecommendationView } from '../policies/recommendations.js';
import type { FieldProblems, PhaseMoveForm, Shell } from './views.js';

/** Which segment is in which phase. */
export interface PhasesPageView {
  readonly shell: Shell;
  readonly board: PhaseBoard;
}

/** The phase of a segment, what the next ones ask for, and the way there. */
export interface SegmentPhaseView {
  readonly shell: Shell;
  readonly phase: PhaseDetail;
  readonly move: PhaseMoveForm;
  readonly problems: FieldProblems;
}

/** Policies recommended for a segment. `recommendation` is null where what was asked for cannot be answered. */
export interface RecommendationPageView {
  readonly shell: Shell;
  readonly segment: string;
  readonly values: RecommendationForm;
  readonly recommendation: RecommendationView | null;
  readonly problems: FieldProblems;
}

export interface RecommendationForm {
  readonly from: string;
  readonly to: string;
  readonly leastDays: string;
  readonly leastFlows: string;
  readonly leastAddressDays: string;
  readonly mostAddresses: string;
  readonly scanTargets: string;
}
