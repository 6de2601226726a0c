import type { JSX } from 'preact';
import { policyIdText } from '../../policies/model.js';
import { Select } from '../components/fields.js';
import { PolicyDiffPanels } from '../components/policy-diff.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { PolicyDiffView } from '../register-views.js';

export function PolicyDiffPage({ shell, policy, versions, diff }: PolicyDiffView): JSX.Element {
  const name = policyIdText(policy);
  const options = versions.map((version) => ({ value: String(version), word: `version ${version}` }));
  return (
    <Layout
      shell={shell}
      title={`What changed in ${policy.name}`}
      lead={`${name}, ${diff.from.version === 0 ? 'before there was any' : `version ${diff.from.version}`} against version ${diff.to.version}`}
      crumbs={[
        { href: paths.policies(), word: 'Policies' },
        { href: paths.policy(policy), word: policy.name },
      ]}
    >
      <search class="filters">
        <form method="get" action={paths.policyDiff(policy)}>
          <div class="fields">
            <Select
              name="from"
              label="From"
              value={String(diff.from.version)}
              options={[...options, { value: '0', word: 'before there was any' }]}
            />
            <Select name="to" label="To" value={String(diff.to.version)} options={options} />
            <Select
              name="others"
              label="Among the policies in force"
              value={diff.others}
              options={[
                { value: 'same', word: 'when the second came' },
                { value: 'each', word: 'at the time of each' },
              ]}
            />
          </div>
          <div class="actions">
            <button type="submit" class="button">
              Compare
            </button>
          </div>
        </form>
      </search>
      <PolicyDiffPanels diff={diff} name={name} />
    </Layout>
  );
}
