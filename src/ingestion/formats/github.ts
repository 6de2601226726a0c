import type { NormalForm, Normalised } from '../normal-form.js';
import { severityOfWord } from './alert-severity.js';
import { chooseTime } from './choose-time.js';
import { readEpoch, readTime } from './event-time.js';
import { isObject, type JsonObject, objectOf, textOf } from './json-value.js';
import { isGithubAlert, isGithubAudit, readGithubAlert, readGithubAudit } from './github-audit.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/**
 * Webhooks of GitHub (docs.github.com, "Webhook events and payloads"): who did what to a repository or an organisation. Which event it
 * is stands in a header, which the protocol kept; without it the subject tells. Also the events of its audit log and its alerts as
 * its interface hands them out.
 */
export const github: FormatAdapter = { name: 'github', version: 2, detect, normalise };

/** Members around the subject of an event. */
const around: ReadonlySet<string> = new Set([
  'repository',
  'organization',
  'sender',
  'installation',
  'enterprise',
  'changes',
  'pusher',
]);

function detect({ object, context }: Wire): boolean {
  if (object === null) return false;
  if (textOf(context.attributes?.['x-github-event']) !== null) return true;
  if (isGithubAudit(object) || isGithubAlert(object)) return true;
  return (
    typeof objectOf(object.sender)?.login === 'string' &&
    (typeof objectOf(object.repository)?.full_name === 'string' ||
      typeof objectOf(object.organization)?.login === 'string')
  );
}

function normalise(wire: Wire): Normalised {
  const event = wire.object ?? {};
  if (!isObject(event.sender)) {
    if (isGithubAudit(event)) return readGithubAudit(event, wire, github);
    if (isGithubAlert(event)) return readGithubAlert(event, wire, github);
  }
  const sender = textOf(objectOf(event.sender)?.login) ?? textOf(objectOf(event.pusher)?.name);
  const subject = subjectOf(event);
  const header = textOf(wire.context.attributes?.['x-github-event']);
  const isPush = textOf(event.ref) !== null && (Array.isArray(event.commits) || subject === null);
  const name = header ?? (isPush ? 'push' : (subject?.name ?? 'event'));
  const action = textOf(event.action);
  const repository = textOf(objectOf(event.repository)?.full_name) ?? textOf(objectOf(event.organization)?.login);
  const severity = severityIn(subject?.value ?? null);
  const flags: string[] = [];
  const attributes: NormalForm['attributes'] = { event: name };
  for (const [key, value] of [
    ['action', action],
    ['repository', repository],
    ['ref', textOf(event.ref)],
    ['subject', textOf(subject?.value.name) ?? textOf(subject?.value.title)],
    ['url', textOf(subject?.value.html_url)],
  ] as const) {
    if (value !== null) attributes[key] = value;
  }
  const what = attributes.subject === undefined ? '' : ` ${textOf(attributes.subject) ?? ''}`;
  return accept({
    ...emptyRecord(/(?:^|_)(?:alert|advisory|scan)$/.test(name) ? 'signal' : 'admin', github),
    ...chooseTime([timeOf(event, subject?.value ?? null)], wire, flags),
    actor: sender === null ? null : { name: sender, realName: null, groups: [], addresses: [], userAgent: null },
    severity: severityOfWord(severity),
    severityRaw: severity,
    reason: action === null ? name : `${name} ${action}`,
    reporter: 'control-plane',
    reporterName: repository,
    summary: oneLine(
      `${sender ?? 'GitHub'}: ${name}${action === null ? '' : ` ${action}`}${what}${repository === null ? '' : ` in ${repository}`}`,
    ),
    attributes,
    places: sender === null ? {} : { 'actor.name': '/sender/login' },
    flags,
  });
}

/** The first object that is what the event is about. */
function subjectOf(event: JsonObject): { readonly name: string; readonly value: JsonObject } | null {
  for (const [name, value] of Object.entries(event)) {
    if (!around.has(name) && isObject(value)) return { name, value };
  }
  return null;
}

function timeOf(event: JsonObject, subject: JsonObject | null): string | null {
  const commit = objectOf(event.head_commit);
  const repository = objectOf(event.repository);
  const candidates = [
    commit?.timestamp,
    event.created_at,
    subject?.updated_at,
    subject?.created_at,
    textOf(event.ref) === null ? undefined : repository?.pushed_at,
  ];
  for (const candidate of candidates) {
    const time = readTime(candidate) ?? (typeof candidate === 'number' ? readEpoch(candidate) : null);
    if (time !== null) return time;
  }
  return null;
}

function severityIn(subject: JsonObject | null): string | null {
  if (subject === null) return null;
  const advisory = objectOf(subject.security_advisory) ?? objectOf(subject.rule);
  return textOf(subject.severity) ?? textOf(advisory?.security_severity_level) ?? textOf(advisory?.severity);
}
