import type { JSX } from 'preact';
import { phaseOrder } from '../../inventory/segment-phase.js';
import { isLater, type Criterion, type CriterionId } from '../../phases/criteria.js';
import type { PhaseDetail } from '../../phases/phases.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { FieldProblems, PhaseMoveForm, Shell } from '../views.js';
import { Choices, ProblemSummary, Select, TextArea } from './fields.js';
import { StatusMark, plainWord } from './status-mark.js';

/** Where what a criterion is about can be looked at. */
function placeOf(id: CriterionId, segment: string): string {
  switch (id) {
    case 'baseline':
      return `${paths.segment(segment)}#edges`;
    case 'labels':
      return `${paths.segment(segment)}#workloads`;
    case 'policies_drafted':
      return paths.recommendation(segment);
    case 'policies_approved':
      return paths.policies({ authorised: 'no' });
    case 'draft_blocks_nothing':
    case 'blocks_nothing':
      return `${paths.segmentPhase(segment)}#blocked`;
    case 'findings_closed':
      return paths.home;
    case 'default_deny':
      return paths.segment(segment);
    case 'monitored':
      return `${paths.segmentPhase(segment)}#history`;
  }
}

interface CriteriaListProps {
  readonly segment: string;
  readonly criteria: readonly Criterion[];
  /** With what is wanted beside what is the case. */
  readonly whole?: boolean;
}

/** Criteria with a mark each, those that do not hold first. */
export function CriteriaList({ segment, criteria, whole = false }: CriteriaListProps): JSX.Element {
  const ordered = [...criteria.filter(({ met }) => !met), ...criteria.filter(({ met }) => met)];
  return (
    <ul class="criteria">
      {ordered.map(({ id, title, met, fact, wanted }) => (
        <li key={id}>
          <StatusMark tone={met ? 'good' : 'warn'} word={met ? 'Met' : 'Missing'} />
          <div>
            <a href={placeOf(id, segment)}>{title}</a>
            {(whole || !met) && <p class="note">{fact}</p>}
            {whole && !met && <p class="note">Wanted: {wanted}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}

interface MoveFormProps {
  readonly shell: Shell;
  readonly phase: PhaseDetail;
  readonly values: PhaseMoveForm;
  readonly problems: FieldProblems;
}

export function MoveForm({ shell, phase, values, problems }: MoveFormProps): JSX.Element {
  if (!may(shell, 'phases.move'))
    return <p class="note">Moving a segment to another phase needs the role approver or admin.</p>;
  const back = (other: (typeof phaseOrder)[number]): string => (isLater(phase.phase, other) ? '' : ' (back)');
  return (
    <form method="post" action={paths.segmentPhase(phase.name)} class="form card">
      <ProblemSummary problems={problems} />
      <Select
        name="phase"
        label="Move to"
        hint="On when every criterion on the way is met; back at any time."
        value={values.phase}
        options={phaseOrder
          .filter((other) => other !== phase.phase)
          .map((other) => ({ value: other, word: plainWord(other) + back(other) }))}
        problems={problems}
      />
      <TextArea
        name="reason"
        label="Reason"
        hint="For the log: why now."
        value={values.reason}
        rows={2}
        problems={problems}
      />
      {may(shell, 'phases.override') && (
        <Choices
          name="override"
          legend="Criteria that do not hold"
          hint="What is missing is recorded with your name and reason."
          type="checkbox"
          chosen={values.override ? ['yes'] : []}
          options={[{ value: 'yes', word: 'Go over them' }]}
          problems={problems}
        />
      )}
      <div class="actions">
        <button type="submit" class="button button-main">
          Move
        </button>
      </div>
    </form>
  );
}
