import type { JSX } from 'preact';
import { ProblemSummary, Select, TextArea, TextField, TimeField } from '../components/fields.js';
import { Layout } from '../layout.js';
import { may } from '../may.js';
import { paths } from '../paths.js';
import type { NewChangeView } from '../views.js';

export function NewChangePage({ shell, values, problems }: NewChangeView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title="Propose a change"
      lead="Somebody else reviews it. Once approved, the audit records are held against exactly what stands here."
      crumbs={[{ href: paths.changes(), word: 'Changes' }]}
    >
      <form method="post" action={paths.changes()} class="form form-wide card">
        <ProblemSummary problems={problems} />
        <div class="fields fields-form">
          <TextField
            name="title"
            label="Title"
            hint="What it brings about: “Web reaches the fraud API on 8443”"
            value={values.title}
            maxLength={200}
            problems={problems}
            required
          />
          <Select
            name="action"
            label="Action"
            hint="What happens to the policy"
            value={values.action}
            options={[
              { value: 'create', word: 'Create the policy' },
              { value: 'update', word: 'Update the policy' },
              { value: 'delete', word: 'Delete the policy' },
            ]}
            problems={problems}
          />
          <TimeField
            name="windowFrom"
            label="Window from (UTC)"
            hint="May be carried out from"
            value={values.windowFrom}
            problems={problems}
            required
          />
          <TimeField
            name="windowTo"
            label="Window to (UTC)"
            hint="and until"
            value={values.windowTo}
            problems={problems}
            required
          />
        </div>
        <TextArea
          name="reason"
          label="Reason"
          hint="Why it is needed, for the reviewer now and the auditor later."
          value={values.reason}
          rows={3}
          problems={problems}
        />
        <TextArea
          name="policy"
          label="Policy (YAML)"
          hint="The whole object as it shall be; several with --- between them. For a deletion, kind, namespace and name are enough."
          value={values.policy}
          rows={18}
          code
          problems={problems}
        />
        <div class="actions">
          <button type="submit" class="button button-main">
            Propose
          </button>
          {may(shell, 'simulations.run') && (
            <button type="submit" class="button" formaction={paths.newSimulation} formnovalidate>
              Simulate
            </button>
          )}
          <a class="button button-plain" href={paths.changes()}>
            Cancel
          </a>
        </div>
        <p class="note">
          Simulating holds the policy against the flows of the last 30 days and proposes nothing: what would be blocked,
          what opened, and what the records do not tell.
        </p>
      </form>
    </Layout>
  );
}
