import type { JSX } from 'preact';
import type { RecommendationView } from '../../policies/recommendations.js';
import { ProblemSummary, TextArea, TextField } from '../components/fields.js';
import { countOf, countText } from '../components/figures.js';
import { Banner, EmptyState, Panel } from '../components/panel.js';
import { ExcludedPanel, RulesPanel } from '../components/recommendation.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { RecommendationForm, RecommendationPageView } from '../segmentation-views.js';
import type { FieldProblems, Shell } from '../views.js';

export function RecommendationPage(view: RecommendationPageView): JSX.Element {
  const { shell, segment, values, recommendation, problems } = view;
  return (
    <Layout
      shell={shell}
      title={`Recommended policies for ${segment}`}
      lead="The fewest rules that allow what was seen again and again, and what is left out of them and why."
      crumbs={[
        { href: paths.segments, word: 'Segments' },
        { href: paths.segment(segment), word: segment },
      ]}
    >
      <Thresholds segment={segment} values={values} problems={problems} />
      {recommendation !== null && <Recommended shell={shell} recommendation={recommendation} />}
    </Layout>
  );
}

interface ThresholdsProps {
  readonly segment: string;
  readonly values: RecommendationForm;
  readonly problems: FieldProblems;
}

function Thresholds({ segment, values, problems }: ThresholdsProps): JSX.Element {
  const number = (name: keyof RecommendationForm, label: string): JSX.Element => (
    <TextField name={name} label={label} value={values[name]} maxLength={7} problems={problems} />
  );
  return (
    <search class="filters">
      <form method="get" action={paths.recommendation(segment)}>
        <ProblemSummary problems={problems} />
        <div class="fields">
          <TextField name="from" label="First day (UTC)" type="date" value={values.from} problems={problems} />
          <TextField name="to" label="Last day (UTC)" type="date" value={values.to} problems={problems} />
          {number('leastDays', 'Least days seen')}
          {number('leastFlows', 'Least flows')}
          {number('leastAddressDays', 'Least days of an address')}
          {number('mostAddresses', 'Most addresses listed')}
          {number('scanTargets', 'Targets that make a scan')}
        </div>
        <div class="actions">
          <button type="submit" class="button">
            Recommend again
          </button>
        </div>
      </form>
    </search>
  );
}

interface RecommendedProps {
  readonly shell: Shell;
  readonly recommendation: RecommendationView;
}

function Recommended({ shell, recommendation }: RecommendedProps): JSX.Element {
  const { observed, kept, coveredDays, days, rules, excluded, replay, manifests, segment } = recommendation;
  const passing = excluded.edges.filter(
    ({ passed, allowedBy, reason }) => passed > 0 && allowedBy === null && reason !== 'node',
  );
  return (
    <>
      <p class="lead">
        {countOf(observed.edges, 'connection')} seen on {countText(coveredDays)} of {countOf(days, 'day')}:{' '}
        {countText(kept.edges)} kept in {countOf(rules.length, 'rule')}, {countText(excluded.total.edges)} left out.
      </p>
      {passing.length > 0 && (
        <Banner tone="warn" title={`${countOf(passing.length, 'connection')} that passed would be denied`}>
          <p>
            They are left out of the rules, {countText(passing.reduce((sum, { passed }) => sum + passed, 0))} flows in
            all. Look at <a href="#excluded">what is left out</a>, and add rules for what is needed.
          </p>
        </Banner>
      )}
      {replay.keptBlocked > 0 && (
        <Banner tone="bad" title={`${countOf(replay.keptBlocked, 'kept connection')} would still be denied`}>
          <p>Policies of others stand in the way; see the policies in force of the other side.</p>
        </Banner>
      )}
      <RulesPanel recommendation={recommendation} />
      <ExcludedPanel recommendation={recommendation} />
      <Panel
        id="manifests"
        title="Policies to propose"
        note={`Kubernetes NetworkPolicies with default deny both ways for all of ${segment}. Edit them here or in the change.`}
      >
        <Effect recommendation={recommendation} />
        {rules.length === 0 ? (
          <EmptyState title="No rule to propose">
            Nothing was seen often enough; choose more days or lower numbers above.
          </EmptyState>
        ) : (
          <form method="post" action={paths.newChange} class="form form-wide">
            <input type="hidden" name="title" value={`Policies recommended for ${segment}`} />
            <input
              type="hidden"
              name="reason"
              value={`Recommended from ${countText(observed.flows)} flows of ${recommendation.from} to ${recommendation.to}: ${countOf(rules.length, 'rule')} for ${countOf(kept.edges, 'connection')}, ${countText(excluded.total.edges)} left out.`}
            />
            <TextArea name="policy" label="Policies (YAML)" value={manifests} rows={24} code />
            {may(shell, 'changes.propose') ? (
              <div class="actions">
                <button type="submit" class="button button-main">
                  Propose as a change
                </button>
              </div>
            ) : (
              <p class="note">Proposing a change needs the role requester.</p>
            )}
          </form>
        )}
      </Panel>
    </>
  );
}

function Effect({ recommendation: { replay, replaces } }: Pick<RecommendedProps, 'recommendation'>): JSX.Element {
  const { newly_blocked: blocked, newly_allowed: allowed, uncertain } = replay.classes;
  return (
    <>
      <p>
        In the place of the policies in force this newly blocks {countOf(blocked?.edges ?? 0, 'connection')} and newly
        allows {countText(allowed?.edges ?? 0)}; {countText(uncertain?.edges ?? 0)} cannot be judged.
      </p>
      {replaces.length > 0 && (
        <details class="more">
          <summary>
            {countOf(replaces.length, 'policy', 'policies')} in force to be deleted by a change of its own: policies add
            up, so these go on allowing what they allow
          </summary>
          <ul>
            {replaces.map((policy) => (
              <li>
                <a href={paths.policy(policy)}>
                  {policy.namespace}/{policy.name}
                </a>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
