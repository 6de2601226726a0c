import type { Actor } from '../normal-form.js';
import { type JsonObject, objectOf, textOf } from './json-value.js';

/** Properties that are objects in one delivery are JSON in text in another. */
export function parsed(value: unknown): JsonObject | null {
  if (typeof value !== 'string') return objectOf(value);
  try {
    return objectOf(JSON.parse(value));
  } catch {
    return null;
  }
}

const claimNames = [
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn',
  'upn',
  'preferred_username',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
  'unique_name',
  'name',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  'appid',
  'http://schemas.microsoft.com/identity/claims/objectidentifier',
] as const;

/** Who an Activity Log record, a sign-in or a change of the directory names; null for nobody. */
export function readActor(record: JsonObject, properties: JsonObject): Actor | null {
  const identity = parsed(record.identity);
  const claims = parsed(identity?.claims) ?? parsed(record.claims) ?? parsed(record.Claims) ?? {};
  const initiator = objectOf(properties.initiatedBy);
  const user = objectOf(initiator?.user);
  const app = objectOf(initiator?.app);
  const named: readonly unknown[] = [
    record.caller,
    record.Caller,
    ...claimNames.map((name) => claims[name]),
    properties.userPrincipalName,
    user?.userPrincipalName,
    user?.displayName,
    app?.displayName,
    user?.id,
    properties.servicePrincipalName,
    properties.appDisplayName,
    record.identity,
    objectOf(objectOf(identity?.authorization)?.evidence)?.principalId,
  ];
  const name = named.map(textOf).find((text) => text !== null) ?? null;
  if (name === null) return null;
  const address =
    textOf(record.callerIpAddress) ??
    textOf(record.CallerIpAddress) ??
    textOf(claims.ipaddr) ??
    textOf(objectOf(parsed(record.httpRequest))?.clientIpAddress) ??
    textOf(properties.ipAddress) ??
    textOf(user?.ipAddress);
  const groups = textOf(claims.groups);
  return {
    name,
    realName: null,
    groups: groups === null ? [] : groups.split(',').slice(0, 200),
    addresses: address === null ? [] : [address],
    userAgent: textOf(properties.userAgent),
  };
}
