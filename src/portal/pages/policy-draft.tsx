import type { JSX } from 'preact';
import { policyIdText } from '../../policies/model.js';
import { ProblemSummary, Select, TextArea } from '../components/fields.js';
import { PolicyDiffPanels } from '../components/policy-diff.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { PolicyDraftView } from '../register-views.js';

export function PolicyDraftPage({ shell, values, problems, diff }: PolicyDraftView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title="Compare a draft"
      lead="What a policy would open and close if it took the place of what is in force. Nothing is stored."
      crumbs={[{ href: paths.policies(), word: 'Policies' }]}
    >
      {diff !== null && (
        <>
          <p>
            {policyIdText(diff.policy)}
            {diff.from.version === 0 ? ', of which none is in force' : `, version ${diff.from.version} in force`}
          </p>
          <PolicyDiffPanels diff={diff} name={policyIdText(diff.policy)} />
        </>
      )}
      <form method="post" action={paths.policyDraft} class="form form-wide card">
        <ProblemSummary problems={problems} />
        <Select
          name="action"
          label="Action"
          value={values.action}
          options={[
            { value: 'apply', word: 'Create or replace the policy' },
            { value: 'delete', word: 'Delete the policy' },
          ]}
        />
        <TextArea
          name="policy"
          label="Policy (YAML or JSON)"
          hint="The whole object as it shall be. For a deletion, apiVersion, kind, namespace and name are enough."
          value={values.policy}
          rows={18}
          code
          problems={problems}
        />
        <div class="actions">
          <button type="submit" class="button button-main">
            Compare
          </button>
        </div>
      </form>
    </Layout>
  );
}
