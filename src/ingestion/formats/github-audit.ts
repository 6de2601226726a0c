import type { NormalForm, Normalised } from '../normal-form.js';
import { severityOfWord } from './alert-severity.js';
import { chooseTime } from './choose-time.js';
import { readEpoch, readTime } from './event-time.js';
import { type JsonObject, nameOf, objectOf, textOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

type Adapter = Pick<FormatAdapter, 'name' | 'version'>;

/**
 * An event of the audit log of an organisation or an enterprise (docs.github.com, "Audit log events"), as its interface, a
 * download or a stream gives it: `protected_branch.create`, with times in milliseconds.
 */
export function isGithubAudit(object: JsonObject): boolean {
  const { action, actor, created_at: createdAt } = object;
  return (
    typeof action === 'string' &&
    /^[a-z_]{1,60}\.[a-z_]{1,60}$/.test(action) &&
    (typeof createdAt === 'number' || typeof object['@timestamp'] === 'number') &&
    (typeof actor === 'string' || typeof object._document_id === 'string') &&
    ['org', 'repo', 'business', '_document_id', 'actor_id', 'actor_location'].some((name) => name in object)
  );
}

export function readGithubAudit(event: JsonObject, wire: Wire, adapter: Adapter): Normalised {
  const action = textOf(event.action) ?? '';
  const actor = textOf(event.actor);
  const place = textOf(event.repo) ?? textOf(event.org) ?? textOf(event.business);
  const address = textOf(event.actor_ip);
  const flags: string[] = [];
  const attributes: NormalForm['attributes'] = { event: action };
  for (const name of ['repo', 'org', 'business', 'user', 'team', 'operation_type', 'name', 'branch'] as const) {
    const value = nameOf(event[name]) ?? nameOf(objectOf(event.data)?.[name]);
    if (value !== null) attributes[name === 'repo' ? 'repository' : name] = value;
  }
  return accept({
    ...emptyRecord('admin', adapter),
    ...chooseTime([readEpoch(event.created_at, 'ms') ?? readEpoch(event['@timestamp'], 'ms')], wire, flags),
    nativeId: nameOf(event._document_id),
    actor:
      actor === null
        ? null
        : {
            name: actor,
            realName: null,
            groups: [],
            addresses: address === null ? [] : [address],
            userAgent: textOf(event.user_agent),
          },
    reason: action,
    reporter: 'control-plane',
    reporterName: place,
    summary: oneLine(`${actor ?? 'GitHub'}: ${action}${place === null ? '' : ` in ${place}`}`),
    attributes,
    places: { eventTime: '/created_at', 'actor.name': '/actor' },
    flags,
  });
}

/** An alert of code scanning, secret scanning or Dependabot, as the interface of a repository hands it out. */
export function isGithubAlert(object: JsonObject): boolean {
  return (
    typeof object.number === 'number' &&
    /\/repos\/[^/]+\/[^/]+\/(?:code-scanning|secret-scanning|dependabot)\/alerts\/\d+$/.test(textOf(object.url) ?? '')
  );
}

export function readGithubAlert(alert: JsonObject, wire: Wire, adapter: Adapter): Normalised {
  const url = textOf(alert.url) ?? '';
  const [, repository = '', tool = ''] = /\/repos\/([^/]+\/[^/]+)\/([a-z-]+)\/alerts\//.exec(url) ?? [];
  const rule = objectOf(alert.rule);
  const advisory = objectOf(alert.security_advisory);
  const severity =
    textOf(rule?.security_severity_level) ?? textOf(rule?.severity) ?? textOf(advisory?.severity) ?? null;
  const told =
    textOf(rule?.description) ?? textOf(advisory?.summary) ?? textOf(alert.secret_type_display_name) ?? 'alert';
  const state = textOf(alert.state);
  const flags: string[] = [];
  return accept({
    ...emptyRecord('signal', adapter),
    ...chooseTime([readTime(alert.updated_at) ?? readTime(alert.created_at)], wire, flags),
    severity: severityOfWord(severity),
    severityRaw: severity,
    reason: `${tool} ${state ?? ''}`.trim(),
    reporter: 'control-plane',
    reporterName: repository,
    summary: oneLine(`GitHub ${tool}: ${told} in ${repository}`),
    attributes: {
      event: `${tool} alert`,
      repository,
      ...(state === null ? {} : { state }),
      ...(textOf(alert.html_url) === null ? {} : { url: textOf(alert.html_url) }),
    },
    places: { eventTime: '/updated_at' },
    flags,
  });
}
