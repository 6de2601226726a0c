/** Reading intents and templates, and filling templates in. */

import type { z } from 'zod';
import type { PolicyProblem } from '../model.js';
import {
  intentObject,
  intentSpec,
  templatedSpec,
  templateObject,
  type Intent,
  type IntentTemplate,
  type ParameterValue,
} from './schema.js';

/** Templates by name. */
export type IntentTemplates = ReadonlyMap<string, IntentTemplate>;

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: PolicyProblem[] };

function place(path: readonly PropertyKey[], under: string): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    under,
  );
}

function parse<T>(schema: z.ZodType<T>, value: unknown, under: string): Read<T> {
  const read = schema.safeParse(value);
  if (read.success) return { ok: true, value: read.data };
  return { ok: false, problems: read.error.issues.map(({ path, message }) => ({ path: place(path, under), message })) };
}

/** The most levels of lists and objects in a template. */
const mostLevels = 20;
const reference = /\$\{([^{}]*)\}/g;

class Filling {
  readonly problems: PolicyProblem[] = [];

  constructor(private readonly values: ReadonlyMap<string, ParameterValue>) {}

  private value(name: string, path: string): ParameterValue {
    const value = this.values.get(name);
    if (value === undefined) this.problems.push({ path, message: `no parameter of the template is called ${name}` });
    return value ?? '';
  }

  /** A text that is one parameter becomes its value, whatever its type; inside other text only texts and numbers fit. */
  private text(text: string, path: string): unknown {
    const whole = /^\$\{([^{}]*)\}$/.exec(text);
    if (whole?.[1] !== undefined) return this.value(whole[1], path);
    return text.replace(reference, (_, name: string) => {
      const value = this.value(name, path);
      if (typeof value !== 'object') return String(value);
      this.problems.push({ path, message: `parameter ${name} is a list, which has no place inside a text` });
      return '';
    });
  }

  fill(value: unknown, path: string, level = 0): unknown {
    if (level > mostLevels) {
      this.problems.push({ path, message: `expected at most ${mostLevels} levels` });
      return null;
    }
    if (typeof value === 'string') return this.text(value, path);
    if (Array.isArray(value)) return this.list(value, path, level);
    if (typeof value !== 'object' || value === null) return value;
    const filled = Object.entries(value).map(([key, item]): [string, unknown] => [
      String(this.text(key, path)),
      this.fill(item, `${path}.${key}`, level + 1),
    ]);
    return Object.fromEntries(filled);
  }

  /** A list in a list takes its items in. */
  private list(items: readonly unknown[], path: string, level: number): unknown[] {
    return items.flatMap((item, at) => this.fill(item, `${path}[${at}]`, level + 1));
  }
}

function parameterValues(template: IntentTemplate, given: Readonly<Record<string, ParameterValue>>) {
  const problems: PolicyProblem[] = [];
  const values = new Map<string, ParameterValue>();
  const known = template.spec.parameters;
  for (const { name, default: fallback, oneOf } of known) {
    const path = `spec.parameters.${name}`;
    const value = Object.hasOwn(given, name) ? given[name] : fallback;
    if (value === undefined) problems.push({ path, message: `is required by template ${template.metadata.name}` });
    else if (oneOf !== undefined && ![value].flat().every((item) => oneOf.includes(item)))
      problems.push({ path, message: `expected one of ${oneOf.join(', ')}, got ${[value].flat().join(', ')}` });
    else values.set(name, value);
  }
  for (const name of Object.keys(given))
    if (!known.some((parameter) => parameter.name === name))
      problems.push({
        path: `spec.parameters.${name}`,
        message: `template ${template.metadata.name} has no such parameter`,
      });
  return { values, problems };
}

function fillTemplate(spec: unknown, templates: IntentTemplates): Read<unknown> {
  const asked = parse(templatedSpec, spec, 'spec');
  if (!asked.ok) return asked;
  const { template: name, parameters, ...own } = asked.value;
  const template = templates.get(name);
  if (template === undefined)
    return { ok: false, problems: [{ path: 'spec.template', message: `no template is called ${name}` }] };
  const { values, problems } = parameterValues(template, parameters);
  if (problems.length > 0) return { ok: false, problems };
  const filling = new Filling(values);
  const filled = filling.fill(template.spec.intent, 'spec.intent');
  if (filling.problems.length > 0)
    return {
      ok: false,
      problems: filling.problems.map(({ path, message }) => ({
        path: 'spec.template',
        message: `${path}: ${message}`,
      })),
    };
  return { ok: true, value: { ...(typeof filled === 'object' ? filled : {}), ...own } };
}

/** Reads an Intent; one made from a template needs the template. */
export function readIntent(object: unknown, templates: IntentTemplates = new Map()): Read<Intent> {
  const read = parse(intentObject, object, '');
  if (!read.ok) return read;
  const { metadata, spec } = read.value;
  const made = typeof spec === 'object' && spec !== null && 'template' in spec ? fillTemplate(spec, templates) : null;
  if (made?.ok === false) return made;
  const intent = parse(intentSpec, made === null ? spec : made.value, 'spec');
  return intent.ok ? { ok: true, value: { name: metadata.name, spec: intent.value } } : intent;
}

/** Reads an IntentTemplate. What its `intent` says is checked when it is filled in. */
export function readTemplate(object: unknown): Read<IntentTemplate> {
  return parse(templateObject, object, '');
}
