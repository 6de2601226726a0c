import type { PolicyChange } from '../normal-form.js';
import { keptValue } from './attributes.js';
import { namesOf, policyCallOf } from './aws-cloudtrail-policies.js';
import { integerOf, isObject, type JsonObject, listOf, nameOf, objectOf, textOf } from './json-value.js';
import { nested } from './ocsf-nesting.js';
import { idOf } from './ocsf-verdict.js';
import { policyResource } from './policy-resources.js';

const apiActivity = 6003;
/** API Activity before version 1.0, when 3005 was not yet another class. */
const earlyApiActivity = 3005;
const entityManagement = 3004;
const configurationChange = 5019;

/** API groups in which a resource is looked for when the event names none. */
const groups = [
  'networking.k8s.io',
  'cilium.io',
  'projectcalico.org',
  'crd.projectcalico.org',
  'security.istio.io',
  'policy.networking.k8s.io',
  'crd.antrea.io',
];
const activities: ReadonlyMap<number, PolicyChange['action']> = new Map([
  [1, 'create'],
  [3, 'update'],
  [4, 'delete'],
]);
/** Kinds of entities whose change moves what a network lets through. */
const policyWords = /policy|policies|firewall|security ?group|access control|\bacl\b|\brule/i;

/** The change to a policy object that an event of one of OCSF's classes for changes tells of; null for any other. */
export function readOcsfChange(
  event: JsonObject,
  classUid: number,
  applied: boolean,
  flags: string[],
): PolicyChange | null {
  switch (classUid) {
    case apiActivity:
      return apiChange(event, applied, flags);
    case earlyApiActivity:
      return event.class_name === 'API Activity' ? apiChange(event, applied, flags) : null;
    case entityManagement:
      return entityChange(event, applied, flags);
    case configurationChange:
      return deviceChange(event, applied, flags);
    default:
      return null;
  }
}

function change(
  action: PolicyChange['action'],
  resource: Partial<PolicyChange['resource']> & { readonly kind: string },
  rest: Pick<PolicyChange, 'applied' | 'after' | 'requested' | 'statusCode'>,
): PolicyChange {
  return {
    action,
    dryRun: false,
    resource: { system: 'unknown', apiVersion: '', namespace: null, name: null, uid: null, ...resource },
    ...rest,
  };
}

function apiChange(event: JsonObject, applied: boolean, flags: string[]): PolicyChange | null {
  const api = objectOf(event.api);
  const operation = textOf(api?.operation);
  const service = textOf(objectOf(api?.service)?.name) ?? '';
  const unmapped = nested(objectOf(event.unmapped) ?? {});
  const statusCode = integerOf(objectOf(api?.response)?.code);
  const request =
    parsed(objectOf(api?.request)?.data) ?? parsed(unmapped.requestParameters) ?? parsed(unmapped.requestObject);
  const answer =
    parsed(objectOf(api?.response)?.data) ?? parsed(unmapped.responseElements) ?? parsed(unmapped.responseObject);
  const rest = { applied, after: null, requested: keptValue(request, flags), statusCode };
  const resources = listOf(event.resources).filter(isObject);
  const call = operation === null ? null : policyCallOf(service, operation, request ?? {});
  if (call !== null) {
    const name =
      namesOf(call, request ?? {}, answer ?? {})[0] ?? nameOf(resources[0]?.uid) ?? nameOf(resources[0]?.name);
    const cloud = objectOf(event.cloud);
    const namespace =
      [textOf(objectOf(cloud?.account)?.uid), textOf(cloud?.region)].filter((part) => part !== null).join('/') || null;
    return change(
      call.action,
      { system: 'aws', apiVersion: service, kind: call.kind, namespace, name, uid: name },
      rest,
    );
  }
  const action = activities.get(idOf(event.activity_id) ?? 0);
  if (action === undefined) return null;
  for (const resource of resources) {
    const type = textOf(resource.type);
    const given =
      textOf(objectOf(resource.group)?.name) ??
      textOf(objectOf(api?.group)?.name) ??
      textOf(objectOf(unmapped.objectRef)?.apiGroup);
    const found =
      type === null
        ? null
        : (given === null ? groups : [given])
            .map((group) => policyResource(group, type))
            .find((policy) => policy !== null);
    if (found == null) continue;
    const after = action === 'delete' || !applied ? null : keptValue(answer, flags);
    return change(
      action,
      {
        ...found,
        apiVersion: textOf(api?.version) ?? '',
        namespace: nameOf(resource.namespace),
        name: nameOf(resource.name),
        uid: nameOf(resource.uid),
      },
      { ...rest, after },
    );
  }
  return null;
}

/** `data` is an object, or JSON in text. */
function parsed(value: unknown): JsonObject | null {
  if (typeof value !== 'string') return objectOf(value);
  try {
    return objectOf(JSON.parse(value));
  } catch {
    return null;
  }
}

function entityChange(event: JsonObject, applied: boolean, flags: string[]): PolicyChange | null {
  const entity = objectOf(event.entity) ?? objectOf(event.managed_entity) ?? {};
  const result = objectOf(event.entity_result) ?? objectOf(event.updated_entity);
  const policy = objectOf(entity.policy) ?? objectOf(result?.policy);
  const type = textOf(entity.type) ?? textOf(result?.type) ?? (policy === null ? null : 'Policy');
  const activity = idOf(event.activity_id) ?? 0;
  if (type === null || !policyWords.test(type) || activity === 2 || activity === 0) return null;
  const action = activities.get(activity) ?? 'update';
  return change(
    action,
    {
      system: productOf(event),
      apiVersion: textOf(entity.version) ?? '',
      kind: type,
      name: nameOf(entity.name) ?? nameOf(policy?.name) ?? nameOf(result?.name) ?? nameOf(entity.uid),
      uid: nameOf(entity.uid) ?? nameOf(policy?.uid),
    },
    {
      applied,
      after: action === 'delete' || !applied ? null : keptValue(result, flags),
      requested: keptValue(entity, flags),
      statusCode: null,
    },
  );
}

function deviceChange(event: JsonObject, applied: boolean, flags: string[]): PolicyChange {
  const device = objectOf(event.device);
  const members = ['security_level', 'security_states', 'state', 'config'].map((name) => [name, event[name]] as const);
  const state = Object.fromEntries(members.filter(([, value]) => value !== undefined));
  return change(
    'update',
    {
      system: productOf(event),
      kind: 'DeviceConfiguration',
      name: nameOf(device?.name) ?? nameOf(device?.hostname) ?? nameOf(device?.uid) ?? nameOf(device?.ip),
      uid: nameOf(device?.uid),
    },
    { applied, after: keptValue(state, flags), requested: null, statusCode: null },
  );
}

/** The product that wrote the event, as the system of its objects. */
function productOf(event: JsonObject): string {
  const product = objectOf(objectOf(event.metadata)?.product);
  return textOf(product?.vendor_name)?.toLowerCase() ?? textOf(product?.name)?.toLowerCase() ?? 'unknown';
}
