import type { JSX } from 'preact';
import { policyIdText } from '../../policies/model.js';
import { Facts } from '../components/facts.js';
import { ProblemSummary, TextArea } from '../components/fields.js';
import { Span, Time, countText } from '../components/figures.js';
import { Identifier, Name } from '../components/identifier.js';
import { Banner, EmptyState, Panel } from '../components/panel.js';
import { PolicyText } from '../components/policy-text.js';
import { StatusMark, changeOutcomeMarks, changeStateMarks, plainWord } from '../components/status-mark.js';
import { Table, type Column } from '../components/table.js';
import { ChangeSimulation } from '../components/change-simulation.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { ChangeDetailView, ChangeItemView, MatchedVersion, ReviewView } from '../views.js';

export function ChangePage(view: ChangeDetailView): JSX.Element {
  const { shell, state, outcome, items } = view;
  return (
    <Layout
      shell={shell}
      title={view.title}
      marks={
        <>
          <StatusMark {...changeStateMarks[state]} />
          {state === 'approved' && <StatusMark {...changeOutcomeMarks[outcome]} />}
        </>
      }
      lead={view.reason}
      crumbs={[{ href: paths.changes(), word: 'Changes' }]}
    >
      <ProblemSummary problems={view.problems} />
      <Facts
        columns={2}
        facts={[
          { term: 'Change', is: <code>{view.number}</code> },
          { term: 'Requester', is: view.requester },
          {
            term: 'Proposed',
            is: (
              <>
                <Time at={view.proposedAt} /> <EntryLink index={view.proposedIndex} />
              </>
            ),
          },
          { term: 'Window', is: <Span from={view.windowFrom} to={view.windowTo} /> },
        ]}
      />
      <Panel
        id="items"
        title={items.length === 1 ? 'The policy' : `${items.length} policies`}
        note={items.map(inWords).join(' ')}
      >
        {items.map((item) => (
          <Item item={item} alone={items.length === 1} />
        ))}
      </Panel>
      {view.simulation !== undefined && <ChangeSimulation view={view} simulation={view.simulation} />}
      <Reviews view={view} />
      {state !== 'rejected' && <Outcome view={view} />}
    </Layout>
  );
}

function EntryLink({ index }: { readonly index: number }): JSX.Element {
  return (
    <a class="note" href={paths.record(index)}>
      entry {countText(index)}
    </a>
  );
}

function inWords(item: ChangeItemView): string {
  return `${plainWord(item.action)}s ${policyIdText(item)}.`;
}

function Item({ item, alone }: { readonly item: ChangeItemView; readonly alone: boolean }): JSX.Element {
  return (
    <div class="item">
      {!alone && <h3>{policyIdText(item)}</h3>}
      <Facts
        facts={[
          { term: 'Policy', is: <a href={paths.policy(item)}>{policyIdText(item)}</a> },
          { term: 'Action', is: plainWord(item.action) },
          {
            term: 'Digest',
            is: item.digest === null ? null : <Identifier value={item.digest} name="digest" keep={12} />,
          },
        ]}
      />
      <PolicyText name={policyIdText(item)} before={item.before} after={item.after} />
    </div>
  );
}

function Reviews({ view }: { readonly view: ChangeDetailView }): JSX.Element {
  const { reviews, state, mayReview } = view;
  return (
    <Panel id="reviews" title="Reviews">
      {reviews.length > 0 && (
        <ul class="reviews">
          {reviews.map((review) => (
            <Review review={review} />
          ))}
        </ul>
      )}
      {reviews.length === 0 && !(state === 'proposed' && mayReview.permitted) && <p class="note">No review yet.</p>}
      {state === 'proposed' &&
        (mayReview.permitted ? (
          <ReviewForm view={view} />
        ) : (
          <Banner tone="quiet" title="You cannot review this change">
            {<p>{mayReview.because}</p>}
          </Banner>
        ))}
    </Panel>
  );
}

function Review({ review }: { readonly review: ReviewView }): JSX.Element {
  return (
    <li class={review.voidBecause === null ? 'review' : 'review review-void'}>
      <p class="review-head">
        {review.voidBecause === null ? (
          <StatusMark {...changeStateMarks[review.decision]} />
        ) : (
          <StatusMark tone="quiet" word={`${changeStateMarks[review.decision].word}, now void`} />
        )}{' '}
        <b>{review.reviewer}</b> <Time at={review.at} /> <EntryLink index={review.index} />
      </p>
      {review.comment !== '' && <p>{review.comment}</p>}
      {review.voidBecause !== null && <p>Void because {review.voidBecause}</p>}
    </li>
  );
}

function ReviewForm({ view }: { readonly view: ChangeDetailView }): JSX.Element {
  return (
    <form method="post" action={paths.reviewChange(view.id)} class="form review-form">
      <TextArea
        name="comment"
        label="Your comment"
        hint="Kept in the log with your decision. A rejection needs one."
        value=""
        rows={3}
        problems={view.problems}
      />
      <div class="actions">
        <button type="submit" class="button button-main" name="decision" value="approved">
          Approve
        </button>
        <button type="submit" class="button" name="decision" value="rejected">
          Reject
        </button>
        <span class="note">You approve exactly the digests shown above.</span>
      </div>
    </form>
  );
}

interface Matched extends MatchedVersion {
  readonly policy: string;
}

function Outcome({ view }: { readonly view: ChangeDetailView }): JSX.Element {
  const matched = view.items.flatMap((item) =>
    item.matched.map((version): Matched => ({ ...version, policy: policyIdText(item) })),
  );
  return (
    <Panel
      id="outcome"
      title="What really happened"
      note="Policy changes in the audit records that this change is held against."
    >
      <Table
        id="matched"
        caption="Matched policy versions"
        captionHidden
        columns={matchedColumns}
        rows={matched}
        sortable
        empty={
          <EmptyState title="Nothing was carried out so far">
            {view.state === 'approved'
              ? 'No audit record shows these policies changing since the approval.'
              : 'The change is not approved yet.'}
          </EmptyState>
        }
      />
    </Panel>
  );
}

function yesOrNo(yes: boolean, yesWord: string, noWord: string): JSX.Element {
  return <StatusMark tone={yes ? 'good' : 'bad'} word={yes ? yesWord : noWord} />;
}

const matchedColumns: readonly Column<Matched>[] = [
  {
    head: 'Entry',
    numeric: true,
    names: true,
    cell: ({ index }) => <a href={paths.record(index)}>{countText(index)}</a>,
  },
  { head: 'Event time', tight: true, cell: ({ eventTime }) => <Time at={eventTime} /> },
  { head: 'Policy', wide: true, cell: ({ policy }) => <Name text={policy} /> },
  { head: 'Author', cell: ({ author }) => <Name text={author} /> },
  { head: 'Content', tight: true, cell: ({ sameContent }) => yesOrNo(sameContent, 'As approved', 'Differs') },
  { head: 'Window', tight: true, cell: ({ insideWindow }) => yesOrNo(insideWindow, 'Inside', 'Outside') },
  {
    head: 'Digest',
    cell: ({ digest }) => (digest === null ? <span class="note">–</span> : <Identifier value={digest} name="digest" />),
  },
];
