import type { JSX } from 'preact';
import type { HeldStewardship, Said, StewardshipFlag } from '../../policies/register/stewardship.js';
import type { RegisterMark } from '../../policies/register/register-view.js';
import { paths } from '../paths.js';
import { Facts } from './facts.js';
import { Time, countText } from './figures.js';
import { Name } from './identifier.js';
import { Labels } from './labels.js';
import { StatusMark, type Tone } from './status-mark.js';

export const flagMarks: Readonly<Record<StewardshipFlag, { readonly tone: Tone; readonly word: string }>> = {
  no_owner: { tone: 'bad', word: 'No owner' },
  no_reason: { tone: 'quiet', word: 'No reason given' },
  expired: { tone: 'bad', word: 'Expired' },
  review_overdue: { tone: 'warn', word: 'Review overdue' },
};

const origins = {
  object: '(in the object)',
  register: '(set in the register)',
  policy: '(from the policy)',
  segment: '(from the segment)',
} as const;

/** A value and where it comes from. */
export function SaidText({ said }: { readonly said: Said }): JSX.Element {
  if (said === null) return <span class="note">–</span>;
  return (
    <>
      <Name text={said.value} /> <span class="note">{origins[said.from]}</span>
    </>
  );
}

export function FlagMarks({ flags }: { readonly flags: readonly StewardshipFlag[] }): JSX.Element {
  return (
    <>
      {flags.map((flag) => (
        <span key={flag} class="block">
          <StatusMark {...flagMarks[flag]} />
        </span>
      ))}
    </>
  );
}

/** Everything that holds, with where it is said and who set it last. */
export function StewardshipFacts({
  held,
  mark,
  segments,
}: {
  readonly held: HeldStewardship;
  readonly mark: RegisterMark | null;
  readonly segments?: readonly string[];
}): JSX.Element {
  return (
    <Facts
      columns={2}
      facts={[
        { term: 'Owner', is: <SaidText said={held.owner} /> },
        { term: 'Reason', is: <SaidText said={held.reason} /> },
        { term: 'Expires', is: <SaidText said={held.expires} /> },
        { term: 'Review by', is: <SaidText said={held.review} /> },
        {
          term: 'Labels',
          is:
            held.labels.length === 0 ? null : (
              <Labels labels={Object.fromEntries(held.labels.map(({ key, value }) => [key, value]))} />
            ),
        },
        {
          term: 'Segments',
          is:
            segments === undefined || segments.length === 0
              ? null
              : segments.map((name, at) => (
                  <>
                    {at > 0 && ', '}
                    <a href={paths.segment(name)}>{name}</a>
                  </>
                )),
        },
        {
          term: 'Set in the register',
          is:
            mark === null ? null : (
              <>
                by {mark.by}, <Time at={mark.at} precision="minute" />,{' '}
                <a href={paths.record(mark.index)}>entry {countText(mark.index)}</a>
              </>
            ),
        },
      ]}
    />
  );
}
