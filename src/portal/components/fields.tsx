import type { ComponentChildren, JSX } from 'preact';
import type { FieldProblems } from '../views.js';

/**
 * The one set of form fields: label, hint, control, problem, tied together for screen readers.
 * `name` is the field's name in the form and the key of its problem.
 */
interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly problems?: FieldProblems;
  readonly required?: boolean;
}

interface ControlAttributes {
  readonly id: string;
  readonly name: string;
  readonly required: boolean | undefined;
  readonly 'aria-invalid': 'true' | undefined;
  readonly 'aria-describedby': string | undefined;
}

function controlAttributes({ name, hint, problems, required }: FieldProps): ControlAttributes {
  const wrong = problems?.[name] !== undefined;
  const described = [hint === undefined ? '' : `${name}-hint`, wrong ? `${name}-problem` : ''].filter(
    (id) => id !== '',
  );
  return {
    id: `field-${name}`,
    name,
    required,
    'aria-invalid': wrong ? 'true' : undefined,
    'aria-describedby': described.length === 0 ? undefined : described.join(' '),
  };
}

function Field(props: FieldProps & { readonly children: ComponentChildren; readonly wide?: boolean }): JSX.Element {
  const problem = props.problems?.[props.name];
  return (
    <div class={props.wide === true ? 'field field-wide' : 'field'}>
      <label for={`field-${props.name}`}>{props.label}</label>
      {props.hint !== undefined && (
        <p class="hint" id={`${props.name}-hint`}>
          {props.hint}
        </p>
      )}
      {props.children}
      {problem !== undefined && (
        <p class="problem" id={`${props.name}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps extends FieldProps {
  readonly value: string;
  readonly type?: 'text' | 'password' | 'date';
  readonly autocomplete?: 'username' | 'current-password' | 'off';
  readonly placeholder?: string;
  readonly maxLength?: number;
}

export function TextField(props: TextFieldProps): JSX.Element {
  const { type = 'text', value, autocomplete, placeholder, maxLength } = props;
  const shared = { ...controlAttributes(props), value, autocomplete, maxLength };
  return (
    <Field {...props}>
      {type === 'password' && <input {...shared} type="password" />}
      {type === 'date' && <input {...shared} type="date" />}
      {type === 'text' && <input {...shared} type="text" placeholder={placeholder} spellcheck={false} />}
    </Field>
  );
}

/** A time in UTC; `value` is RFC 3339 with `Z`, or empty. Sends `YYYY-MM-DDTHH:mm` without a zone. */
export function TimeField(props: FieldProps & { readonly value: string }): JSX.Element {
  return (
    <Field {...props}>
      <input
        {...controlAttributes(props)}
        type="datetime-local"
        value={props.value.replace(/(:\d\d(\.\d+)?)?Z$/, '')}
      />
    </Field>
  );
}

interface TextAreaProps extends FieldProps {
  readonly value: string;
  readonly rows: number;
  readonly code?: boolean;
  readonly placeholder?: string;
}

export function TextArea(props: TextAreaProps): JSX.Element {
  return (
    <Field {...props} wide>
      <textarea
        {...controlAttributes(props)}
        rows={props.rows}
        class={props.code === true ? 'code' : undefined}
        placeholder={props.placeholder}
        spellcheck={props.code !== true}
      >
        {props.value}
      </textarea>
    </Field>
  );
}

export interface Option {
  readonly value: string;
  readonly word: string;
}

export function Select(
  props: FieldProps & { readonly value: string; readonly options: readonly Option[] },
): JSX.Element {
  return (
    <Field {...props}>
      <select {...controlAttributes(props)}>
        {props.options.map(({ value, word }) => (
          <option key={value} value={value} selected={value === props.value}>
            {word}
          </option>
        ))}
      </select>
    </Field>
  );
}

interface ChoicesProps {
  readonly name: string;
  readonly legend: string;
  readonly hint?: string;
  readonly type: 'radio' | 'checkbox';
  readonly chosen: readonly string[];
  readonly options: readonly Option[];
  readonly problems?: FieldProblems;
}

/** One (radio) or several (checkbox) of a few options. */
export function Choices({ name, legend, hint, type, chosen, options, problems }: ChoicesProps): JSX.Element {
  const problem = problems?.[name];
  return (
    <fieldset class="field field-wide" id={`field-${name}`}>
      <legend>{legend}</legend>
      {hint !== undefined && <p class="hint">{hint}</p>}
      <div class="choices">
        {options.map(({ value, word }) => (
          <label key={value} class="choice">
            <input type={type} name={name} value={value} checked={chosen.includes(value)} /> {word}
          </label>
        ))}
      </div>
      {problem !== undefined && <p class="problem">{problem}</p>}
    </fieldset>
  );
}

/** All problems at the head of a form, each leading to its field; `form` is the key for the form as a whole. */
export function ProblemSummary({ problems }: { readonly problems: FieldProblems }): JSX.Element | null {
  const entries = Object.entries(problems);
  if (entries.length === 0) return null;
  return (
    <div class="banner banner-bad" role="alert">
      <p class="banner-title">
        {entries.length === 1 ? 'One thing to correct' : `${entries.length} things to correct`}
      </p>
      <ul>
        {entries.map(([name, text]) => (
          <li key={name}>{name === 'form' ? text : <a href={`#field-${name}`}>{text}</a>}</li>
        ))}
      </ul>
    </div>
  );
}
