import type { JSX } from 'preact';
import { Facts } from '../components/facts.js';
import { ProblemSummary, TextArea } from '../components/fields.js';
import { Time, countOf, countText } from '../components/figures.js';
import { Identifier } from '../components/identifier.js';
import { Banner, Panel } from '../components/panel.js';
import { erasureStateMarks, rangesText } from '../components/retention-words.js';
import { StatusMark } from '../components/status-mark.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { ErasurePageView } from '../retention-views.js';

export function ErasurePage(view: ErasurePageView): JSX.Element {
  const { shell, erasure } = view;
  const { decision, removal } = erasure;
  return (
    <Layout
      shell={shell}
      title={`Erasure of ${countOf(erasure.count, 'payload')}`}
      marks={<StatusMark {...erasureStateMarks[erasure.state]} />}
      lead={erasure.reason}
      crumbs={[{ href: paths.retention, word: 'Retention and erasure' }]}
    >
      <ProblemSummary problems={view.problems} />
      <Facts
        columns={2}
        facts={[
          { term: 'Asked for by', is: erasure.requestedBy },
          {
            term: 'Asked for',
            is: (
              <>
                <Time at={erasure.requestedAt} />{' '}
                <a class="note" href={paths.record(erasure.recordedIndex)}>
                  entry {countText(erasure.recordedIndex)}
                </a>
              </>
            ),
          },
          { term: 'Found by', is: erasure.selectedBy === 'text' ? 'a text, which is not kept' : 'their indices' },
          { term: 'Entries', is: rangesText(erasure.entries, 40) },
          { term: 'Decided by', is: decision?.by },
          { term: 'Decided', is: decision === null ? null : <Time at={decision.at} /> },
          { term: 'Comment', is: decision === null || decision.comment === '' ? null : decision.comment },
          { term: 'Payloads removed', is: removal === null ? null : countText(removal.count) },
          {
            term: 'Digest of their leaves',
            is: removal === null ? null : <Identifier value={removal.digest} name="digest" />,
          },
          {
            term: 'Files of the database',
            is:
              removal === null
                ? null
                : removal.filesToRewrite.length === 0
                  ? 'written anew: no old version of a row is left in them'
                  : `to be written anew: ${removal.filesToRewrite.join(', ')}`,
          },
        ]}
      />
      {erasure.state === 'requested' && <Decision view={view} />}
    </Layout>
  );
}

function Decision({
  view: { erasure, mayApprove, mayReject, problems },
}: {
  readonly view: ErasurePageView;
}): JSX.Element {
  return (
    <Panel
      id="decision"
      title="Decision"
      note="What is erased cannot be brought back from here; proofs go on verifying."
    >
      {!mayApprove.permitted && (
        <Banner tone="quiet" title="You cannot approve this erasure">
          <p>{mayApprove.because}</p>
        </Banner>
      )}
      {mayReject && (
        <form method="post" action={paths.decideErasure(erasure.id)} class="form review-form">
          <TextArea
            name="comment"
            label="Your comment"
            hint="Kept in the log with your decision. A rejection needs one."
            value=""
            rows={3}
            problems={problems}
          />
          <div class="actions">
            {mayApprove.permitted && (
              <button type="submit" class="button button-main" name="decision" value="approve">
                Approve and erase
              </button>
            )}
            <button type="submit" class="button" name="decision" value="reject">
              {mayApprove.permitted ? 'Reject' : 'Withdraw'}
            </button>
          </div>
        </form>
      )}
    </Panel>
  );
}
