import type { NormalForm } from '../normal-form.js';
import { nameOf } from './json-value.js';

/** Kinds of objects that rules are made of, and rules themselves (Check Point, audit logs of SmartConsole and the management API). */
const policyObject =
  /rule|polic|layer|package|host|network|group|range|service|zone|application|access role|dynamic object|updatable object|domain object/i;

/**
 * The change of policy that an audit log tells of: `operation` and `objecttype` say what was done to what, `fieldschanges`
 * how. Null for logins, publishing and changes of other things.
 */
export function policyChangeOf(value: (...names: string[]) => string | null): NormalForm['policyChange'] {
  const operation = value('operation') ?? '';
  const word = operation.split(' ')[0]?.toLowerCase() ?? '';
  const installs = /^(?:un)?install policy$/i.test(operation);
  const kind = value('objecttype') ?? (installs ? 'Policy' : null);
  const action = installs ? 'update' : actions.get(word);
  if (action === undefined || kind === null || !policyObject.test(kind)) return null;
  return {
    action,
    applied: !/fail/i.test(value('audit_status') ?? ''),
    dryRun: false,
    resource: {
      system: 'check-point',
      apiVersion: '',
      kind: kind.slice(0, 253),
      namespace: nameOf(value('domain_name')),
      name: nameOf(installs ? policyNameOf(value('additional_info')) : null) ?? nameOf(value('objectname')),
      uid: nameOf(value('uid')),
    },
    after: null,
    requested: value('fieldschanges', 'additional_info'),
    statusCode: null,
  };
}

const actions: ReadonlyMap<string, 'create' | 'update' | 'delete'> = new Map([
  ['create', 'create'],
  ['add', 'create'],
  ['clone', 'create'],
  ['modify', 'update'],
  ['set', 'update'],
  ['update', 'update'],
  ['rename', 'update'],
  ['move', 'update'],
  ['disable', 'update'],
  ['enable', 'update'],
  ['delete', 'delete'],
  ['remove', 'delete'],
]);

/** `Access Control Policy: Standard`. */
function policyNameOf(info: string | null): string | null {
  return /policy: (.{1,253})$/i.exec(info ?? '')?.[1] ?? null;
}
