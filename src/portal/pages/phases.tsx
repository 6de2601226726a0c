import type { JSX } from 'preact';
import { phaseOrder } from '../../inventory/segment-phase.js';
import type { SegmentOnBoard } from '../../phases/phases.js';
import { CriteriaList } from '../components/phase.js';
import { countOf } from '../components/figures.js';
import { EmptyState } from '../components/panel.js';
import { StatusMark, phaseMarks, plainWord } from '../components/status-mark.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { PhasesPageView } from '../segmentation-views.js';

export function PhasesPage({ shell, board: { segments, windowDays } }: PhasesPageView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title="Phases"
      lead={`How far each segment has come, and what it lacks for the next phase. Judged now, on the flows of the last ${windowDays} days.`}
    >
      {segments.length === 0 ? (
        <EmptyState title="No segments yet">
          Name the segments of your estate through the API. <a href={paths.apiReference}>API reference</a>
        </EmptyState>
      ) : (
        <div class="board">
          {phaseOrder.map((phase) => {
            const here = segments.filter((segment) => segment.phase === phase);
            return (
              <section key={phase} class="board-column" aria-labelledby={`phase-${phase}`}>
                <h2 id={`phase-${phase}`} class="board-title">
                  <StatusMark {...phaseMarks[phase]} />
                  <span class="note">{countOf(here.length, 'segment')}</span>
                </h2>
                {here.map((segment) => (
                  <SegmentCard key={segment.name} segment={segment} />
                ))}
                {here.length === 0 && <p class="note">None</p>}
              </section>
            );
          })}
        </div>
      )}
    </Layout>
  );
}

function SegmentCard({ segment }: { readonly segment: SegmentOnBoard }): JSX.Element {
  const { name, owner, criticality, daysInPhase, next, criteria } = segment;
  const met = criteria.filter((criterion) => criterion.met).length;
  const all = criteria.length;
  const state = next === null ? `${met} of ${all} criteria still hold` : `${met} of ${all} met for ${next}`;
  return (
    <article class="board-card" aria-labelledby={`segment-${name}`}>
      <h3 id={`segment-${name}`}>
        <a href={paths.segment(name)}>{name}</a>
      </h3>
      <p class="note">
        {owner} · {plainWord(criticality)} · {countOf(daysInPhase, 'day')}
      </p>
      <details class="more" open={met < all && next !== null}>
        <summary>{state}</summary>
        <CriteriaList segment={name} criteria={criteria} />
      </details>
      <a href={paths.segmentPhase(name)}>Phase and history</a>
    </article>
  );
}
