import type { DayFigures } from '../../figures/history.js';
import type { ScopeFigures } from '../../figures/model.js';
import { countOf, countText, durationText } from '../components/figures.js';
import type { FigureCard } from '../figure-views.js';
import { meanText, shareText } from '../pages/figures.js';
import { paths } from '../paths.js';

/** What is drawn of each figure: how its value of a day is read out of the figures. */
type Draft = Omit<FigureCard, 'trend'> & { readonly of: (figures: ScopeFigures) => number | null };

/** The figures of a scope as cards, with their trend over the days that are kept. */
export function figureCards(
  figures: ScopeFigures,
  days: readonly DayFigures[],
  segment: string | null,
): readonly FigureCard[] {
  const drafts = [
    ...structure(figures, segment),
    coverage(figures, segment),
    violations(figures),
    changes(figures),
    completeness(figures),
  ];
  return drafts.map(({ of, ...card }) => ({
    ...card,
    trend: days.map((day) => ({ day: day.day, value: of(day.figures) })),
  }));
}

function structure(figures: ScopeFigures, segment: string | null): Draft[] {
  const { openPaths, segmentedness, blastRadius, crownJewels } = figures;
  const list = (query: Parameters<typeof paths.openPaths>[0] = {}) => paths.openPaths({ segment, ...query });
  const workloads = (exposed: string) => paths.figureWorkloads({ segment, exposed });
  return [
    {
      id: 'open-paths',
      title: 'Open east-west paths',
      short: 'Open',
      definition: 'Source, destination, protocol and port range that policy allows between workloads.',
      value: countText(openPaths.paths),
      href: list(),
      beside: [
        { text: `${countText(openPaths.unused)} unused`, href: list({ used: 'no' }) },
        { text: `${countText(openPaths.used)} used`, href: list({ used: 'yes' }) },
        { text: countOf(openPaths.pairs, 'pair'), href: null },
      ],
      of: (day) => day.openPaths.paths,
      trendUnit: 'count',
      better: 'lower',
      coverage: openPaths.coverage,
    },
    {
      id: 'unused-paths',
      title: 'Unused open paths',
      short: 'Unused',
      definition: 'Open paths that no flow of the last 30 days went over: what could be closed.',
      value: countText(openPaths.unused),
      href: list({ used: 'no' }),
      beside: [],
      of: (day) => day.openPaths.unused,
      trendUnit: 'count',
      better: 'lower',
      coverage: openPaths.usageCoverage,
    },
    {
      id: 'segmentedness',
      title: 'Segmentedness',
      short: 'Segmented',
      definition: 'Share of ordered pairs of workloads between which nothing is open.',
      value: shareText(segmentedness.value),
      href: paths.map({ segment }),
      beside: [
        {
          text: `${countText(segmentedness.pairs)} of ${countText(segmentedness.possiblePairs)} pairs open`,
          href: null,
        },
      ],
      of: (day) => day.segmentedness.value,
      trendUnit: 'percent',
      better: 'higher',
      coverage: segmentedness.coverage,
    },
    {
      id: 'blast-radius',
      title: 'Blast radius',
      short: 'Reach, p95',
      definition: 'Workloads that a taken workload may connect to itself: the 95th percentile.',
      value: countText(blastRadius.direct.p95),
      href: paths.figureWorkloads({ segment }),
      beside: [
        { text: `mean ${meanText(blastRadius.direct.mean)}, most ${countText(blastRadius.direct.max)}`, href: null },
        {
          text: `over any number of hops: mean ${meanText(blastRadius.transitive.mean)}, p95 ${countText(blastRadius.transitive.p95)}, most ${countText(blastRadius.transitive.max)}`,
          href: null,
        },
        {
          text: `weighted by criticality: mean ${meanText(blastRadius.weightedDirect.mean)} directly, ${meanText(blastRadius.weightedTransitive.mean)} in all`,
          href: null,
        },
      ],
      of: (day) => day.blastRadius.direct.p95,
      trendUnit: 'count',
      better: 'lower',
      coverage: blastRadius.coverage,
    },
    {
      id: 'crown-jewels',
      title: 'Exposure of critical workloads',
      short: 'Exposing',
      definition: 'Workloads, not critical themselves, that may connect to a critical one.',
      value: `${countText(crownJewels.within1)} of ${countText(crownJewels.of)}`,
      href: workloads('1'),
      beside: [
        { text: `${countText(crownJewels.within2)} in 2 hops`, href: workloads('2') },
        { text: `${countText(crownJewels.within3)} in 3`, href: workloads('3') },
        { text: `${countText(crownJewels.any)} at all`, href: workloads('any') },
        { text: `${countText(crownJewels.critical)} critical in the estate`, href: null },
      ],
      of: (day) => day.crownJewels.within1,
      trendUnit: 'count',
      better: 'lower',
      coverage: crownJewels.coverage,
    },
  ];
}

function coverage({ coverage: selected }: ScopeFigures, segment: string | null): Draft {
  const ungoverned = (value: string) => paths.figureWorkloads({ segment, ungoverned: value });
  const flows = selected.flowsByRule + selected.flowsByDefault;
  return {
    id: 'coverage',
    title: 'Governed workloads',
    short: 'Governed',
    definition: 'Workloads that policies select for ingress and egress.',
    value: `${countText(selected.both)} of ${countText(selected.of)}`,
    href: ungoverned('any'),
    beside: [
      { text: `${countText(selected.of - selected.ingress)} without ingress`, href: ungoverned('ingress') },
      { text: `${countText(selected.of - selected.egress)} without egress`, href: ungoverned('egress') },
      {
        text: `${shareText(flows === 0 ? null : selected.flowsByRule / flows)} of flows decided by a rule, the rest by default`,
        href: null,
      },
    ],
    of: (day) => (day.coverage.of === 0 ? null : day.coverage.both / day.coverage.of),
    trendUnit: 'percent',
    better: 'higher',
    coverage: selected.coverage,
  };
}

function violations({ violations: found }: ScopeFigures): Draft {
  const time = (seconds: number | null) => (seconds === null ? '–' : durationText(seconds));
  return {
    id: 'violations',
    title: 'Violations',
    short: 'Open violations',
    definition: 'Flows that no policy allows and that were let through, found in the window.',
    value: countText(found.detected),
    href: '#findings',
    beside: [
      {
        text: `${countText(found.remediated)} remediated, ${countText(found.open)} open, ${countText(found.reopened)} reopened`,
        href: null,
      },
      { text: `time to detect ${time(found.meanSecondsToDetect)}`, href: null },
      { text: `time to remediate ${time(found.meanSecondsToRemediate)}`, href: null },
    ],
    of: (day) => day.violations.open,
    trendUnit: 'count',
    better: 'lower',
    coverage: found.coverage,
  };
}

function changes({ unauthorisedChanges: counted }: ScopeFigures): Draft {
  return {
    id: 'unauthorised-changes',
    title: 'Unauthorised changes',
    short: 'Unauthorised',
    definition: 'Share of policy versions of the window that no approved change covers.',
    value: shareText(counted.rate),
    href: paths.policies({ authorised: 'no' }),
    beside: [{ text: `${countText(counted.unauthorised)} of ${countOf(counted.versions, 'version')}`, href: null }],
    of: (day) => day.unauthorisedChanges.rate,
    trendUnit: 'percent',
    better: 'lower',
    coverage: counted.coverage,
  };
}

function completeness({ auditCompleteness: log }: ScopeFigures): Draft {
  return {
    id: 'audit-completeness',
    title: 'Audit completeness',
    short: 'Complete',
    definition: 'Records read, of those that came or are known to be missing; of all sources.',
    value: shareText(log.value),
    href: paths.quarantine(),
    beside: [
      { text: `${countText(log.rejected)} rejected`, href: paths.quarantine() },
      { text: `${countText(log.missing)} missing in ${countOf(log.gaps, 'gap')}`, href: paths.sources },
      { text: countOf(log.silences, 'silence'), href: paths.sources },
    ],
    of: (day) => day.auditCompleteness.value,
    trendUnit: 'percent',
    better: 'higher',
    coverage: log.coverage,
  };
}
