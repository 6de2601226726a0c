import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Problem } from '../errors.js';
import type { FieldProblems } from './views.js';

/** What a browser sends: a query, or the body of a form. A name that occurs more than once comes as a list. */
export type Fields = Readonly<Record<string, unknown>>;

/** The form that was sent; a body of another type is read by nobody, and is none. */
export const SentForm = createParamDecorator((_: unknown, context: ExecutionContext): Fields => {
  const { body, headers } = context.switchToHttp().getRequest<IncomingMessage & { body?: unknown }>();
  if (typeof body === 'object' && body !== null) return { ...body };
  const type = headers['content-type'] ?? 'none';
  throw new Problem('unsupported_media_type', `A form as application/x-www-form-urlencoded is expected, got ${type}.`);
});

/** The text of a field without white space around it; null when it is empty, absent or given more than once. */
export function fieldText(fields: Fields, name: string): string | null {
  const value = fields[name];
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? null : text;
}

/** All values of a field that may be chosen more than once. */
export function fieldTexts(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === 'string' && one !== '').map(String);
}

/**
 * A time as a form sends it, in UTC with or without saying so, as RFC 3339 in UTC; null when it cannot be read.
 */
export function readTime(text: string): string | null {
  const local = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?$/u.exec(text);
  const given = local === null ? text : `${text}${local[1] === undefined ? ':00' : ''}Z`;
  if (!z.iso.datetime({ offset: true }).safeParse(given).success) return null;
  return given.endsWith('Z') ? given : new Date(given).toISOString();
}

/** How a form calls its fields, by the names of the input of a use case. */
export type FieldNames = Readonly<Record<string, { readonly field: string; readonly label: string }>>;

/** What a schema found wrong, a sentence for each field. */
export function problemsOfInput(error: z.ZodError, names: FieldNames): FieldProblems {
  return problemsAt(
    error.issues.map((issue) => ({ name: String(issue.path[0] ?? ''), message: issueText(issue) })),
    names,
  );
}

/** What a use case found wrong, a sentence for each field; what belongs to none goes to the form as a whole. */
export function problemsOf(problem: Problem, names: FieldNames = {}): FieldProblems {
  if (problem.errors.length === 0) return { form: problem.message };
  return problemsAt(
    problem.errors.map(({ pointer, message }) => {
      const [, name = '', ...rest] = pointer.split('/');
      const place = rest.slice(rest.indexOf('manifest') + 1).join('.');
      return { name, message: place === '' ? message : `${place}: ${message}` };
    }),
    names,
  );
}

/** Runs a use case; what is wrong with its input is given back, everything else is thrown. */
export async function attempt<T>(
  work: () => Promise<T>,
): Promise<{ readonly done: T } | { readonly problem: Problem }> {
  try {
    return { done: await work() };
  } catch (error) {
    const wrong = error instanceof Problem && ['invalid_input', 'conflict', 'own_change'].includes(error.code);
    if (wrong) return { problem: error };
    throw error;
  }
}

function problemsAt(
  found: readonly { readonly name: string; readonly message: string }[],
  names: FieldNames,
): FieldProblems {
  const problems: Record<string, string> = {};
  for (const { name, message } of found) {
    const known = names[name];
    const field = known?.field ?? 'form';
    const sentence = asSentence(known === undefined ? message : `${known.label}: ${message}`);
    problems[field] = problems[field] === undefined ? sentence : `${problems[field]} ${sentence}`;
  }
  return problems;
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small' && issue.origin === 'string') return `at least ${issue.minimum} characters are needed`;
  if (issue.code === 'too_big' && issue.origin === 'string') return `at most ${issue.maximum} characters are taken`;
  return issue.message;
}

function asSentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/u.test(begun) ? begun : `${begun}.`;
}
