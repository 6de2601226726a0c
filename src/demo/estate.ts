/** The demo estate: a made-up payment company and thirty days of its records, changes and reviews. */

import { Attempts } from './attempts.js';
import { Calendar } from './calendar.js';
import { unfold } from './carry-out.js';
import { expectationsOf, type Expectations } from './expectations.js';
import { users, type EstateUser } from './people.js';
import { PolicyEpochs } from './policy-epochs.js';
import { Random } from './random.js';
import { segments, type EstateSegment } from './segments.js';
import { sources, type EstateSource } from './sources.js';
import { estateSteps, type Step } from './steps.js';
import { storyOf } from './thirty-days.js';
import { fewestFlows, Traffic } from './traffic.js';
import { Workloads } from './workloads.js';

/** Everything that has to be sent to a service to make the estate, and what it should find. */
export interface Estate {
  readonly from: Date;
  readonly to: Date;
  readonly users: readonly EstateUser[];
  /** As they are registered at the start; the steps register them and change their phases. */
  readonly segments: readonly EstateSegment[];
  readonly sources: readonly EstateSource[];
  readonly expectations: Expectations;
  /** In order of time, made while they are read; each reading makes the same steps anew. */
  readonly steps: Iterable<Step>;
}

/**
 * Generates the estate. Equal arguments give equal bytes on every machine.
 *
 * @param options `end` is the end of the thirty days; `flows` the number of flow records, 200,000 unless given, at least
 *   5,000. The number made differs from it by no more than a few records.
 * @throws RangeError when `end` is no valid date or `flows` too few
 */
export function generateEstate(options: { seed: number; end: Date; flows?: number }): Estate {
  const { seed, end, flows = 200_000 } = options;
  if (!Number.isInteger(flows) || flows < fewestFlows)
    throw new RangeError(`expected a whole number of flows, at least ${fewestFlows}, got ${flows}`);
  const calendar = new Calendar(end);
  const random = new Random(`estate ${seed}`);
  const story = storyOf(calendar);
  const workloads = new Workloads(random.fork('workloads'));
  const namespaceOf = (name: string) =>
    workloads.has(name) ? (workloads.podsOf(name)[0]?.workload.namespace ?? null) : null;
  const unfolded = unfold(story, namespaceOf, random.fork('policy events'));
  return {
    from: new Date(calendar.from),
    to: new Date(calendar.to),
    users,
    segments,
    sources,
    expectations: expectationsOf(story, unfolded, flows),
    steps: {
      *[Symbol.iterator]() {
        const epochs = new PolicyEpochs(workloads, unfolded.events, story.phases);
        const traffic = random.fork('traffic');
        const attempts = new Attempts(workloads, epochs, traffic);
        yield* estateSteps({
          calendar,
          story,
          unfolded,
          workloads,
          random: random.fork('steps'),
          traffic: new Traffic(calendar, story, unfolded, workloads, attempts, traffic, flows),
        });
      },
    },
  };
}
