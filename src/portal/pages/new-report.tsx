import type { JSX } from 'preact';
import { Choices, ProblemSummary, TextField } from '../components/fields.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { NewReportView } from '../views.js';

export function NewReportPage({ shell, frameworks, segments, values, problems }: NewReportView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title="Build a report"
      lead="The controls are assessed for the period and scope; the report keeps the records it rests on, with their proofs."
      crumbs={[{ href: paths.reports, word: 'Reports' }]}
    >
      <form method="post" action={paths.reports} class="form card">
        <ProblemSummary problems={problems} />
        <Choices
          name="framework"
          legend="Framework"
          type="radio"
          chosen={[values.framework]}
          options={frameworks.map(({ id, title }) => ({ value: id, word: title }))}
          problems={problems}
        />
        <div class="fields fields-form">
          <TextField
            name="from"
            label="First day"
            hint="From 00:00 UTC"
            type="date"
            value={values.from}
            problems={problems}
            required
          />
          <TextField
            name="to"
            label="Last day"
            hint="Until 24:00 UTC"
            type="date"
            value={values.to}
            problems={problems}
            required
          />
        </div>
        <Choices
          name="segments"
          legend="Scope"
          hint="Choose segments, or none for the whole estate."
          type="checkbox"
          chosen={values.segments}
          options={segments.map((segment) => ({ value: segment, word: segment }))}
          problems={problems}
        />
        <div class="actions">
          <button type="submit" class="button button-main">
            Build
          </button>
          <a class="button button-plain" href={paths.reports}>
            Cancel
          </a>
        </div>
      </form>
    </Layout>
  );
}
