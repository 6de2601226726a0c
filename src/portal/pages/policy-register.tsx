import type { JSX } from 'preact';
import { policyIdText } from '../../policies/model.js';
import { ProblemSummary, TextArea, TextField } from '../components/fields.js';
import { Panel } from '../components/panel.js';
import { FlagMarks, StewardshipFacts } from '../components/stewardship.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { PolicyRegisterView } from '../register-views.js';

const dateHint = 'A day such as 2027-01-31, which holds to its end in UTC, or an instant with its offset.';

export function PolicyRegisterPage({ shell, entry, rule, values, problems }: PolicyRegisterView): JSX.Element {
  const { held, mark } = rule ?? entry;
  const name = policyIdText(entry);
  const stated = (field: 'owner' | 'reason' | 'expires' | 'review'): boolean => held[field]?.from === 'object';
  return (
    <Layout
      shell={shell}
      title={rule === null ? `Who answers for ${entry.name}` : 'Who answers for a rule'}
      lead={rule === null ? name : `${rule.text}, in ${name}`}
      crumbs={[
        { href: paths.policies(), word: 'Policies' },
        { href: paths.policy(entry), word: entry.name },
      ]}
    >
      <Panel id="held" title="As it stands">
        <FlagMarks flags={held.flags} />
        <StewardshipFacts held={held} mark={mark} segments={rule === null ? entry.segments : []} />
      </Panel>
      <form method="post" action={paths.policyRegister(entry, rule?.digest ?? null)} class="form form-wide card">
        <ProblemSummary problems={problems} />
        <p class="note">
          What the object itself says is changed in the object. What is left empty here is taken back from the register.
          The log keeps what was there before.
        </p>
        {!stated('owner') && (
          <TextField name="owner" label="Owner" value={values.owner} maxLength={200} problems={problems} />
        )}
        {!stated('reason') && (
          <TextArea name="reason" label="Reason" value={values.reason} rows={3} problems={problems} />
        )}
        {!stated('expires') && (
          <TextField name="expires" label="Expires" hint={dateHint} value={values.expires} problems={problems} />
        )}
        {!stated('review') && (
          <TextField name="review" label="Review by" hint={dateHint} value={values.review} problems={problems} />
        )}
        <TextArea
          name="labels"
          label="Labels"
          hint="One a line: key=value"
          value={values.labels}
          rows={4}
          code
          problems={problems}
        />
        <div class="actions">
          <button type="submit" class="button button-main">
            Set
          </button>
          <a class="button button-plain" href={paths.policy(entry)}>
            Cancel
          </a>
        </div>
      </form>
    </Layout>
  );
}
