import type { JSX } from 'preact';
import { TextField } from '../components/fields.js';
import { Banner } from '../components/panel.js';
import { Layout } from '../layout.js';
import { paths } from '../paths.js';
import type { SignInView } from '../views.js';

export function SignInPage({ shell, userName, next, problem }: SignInView): JSX.Element {
  return (
    <Layout
      shell={shell}
      title="Sign in"
      lead="Audit and compliance for micro-segmentation: every policy change and every enforcement decision, in a log that cannot be altered unnoticed."
    >
      <form method="post" action={paths.signIn} class="form card">
        {problem !== null && (
          <div role="alert">
            <Banner tone="bad" title={problem} />
          </div>
        )}
        {next !== null && <input type="hidden" name="next" value={next} />}
        <TextField name="userName" label="User name" value={userName} autocomplete="username" required />
        <TextField name="password" label="Password" type="password" value="" autocomplete="current-password" required />
        <div class="actions">
          <button type="submit" class="button button-main">
            Sign in
          </button>
        </div>
      </form>
    </Layout>
  );
}
