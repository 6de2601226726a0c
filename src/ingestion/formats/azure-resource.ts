/** A resource of Azure, taken from its id; what Azure writes in capitals in one log it writes as it was named in another. */
export interface AzureResource {
  readonly subscription: string | null;
  readonly group: string | null;
  /** `microsoft.network/networksecuritygroups/securityrules`, in lower case. */
  readonly type: string;
  /** The names along the path, outermost first. */
  readonly names: readonly string[];
}

/** Reads `/subscriptions/S/resourceGroups/G/providers/P/TYPE/NAME[/TYPE/NAME]`; null for anything else. */
export function azureResource(id: string | null): AzureResource | null {
  if (id === null || id.length > 2048 || !id.startsWith('/')) return null;
  const parts = id.split('/').slice(1);
  const words = parts.map((part) => part.toLowerCase());
  const subscription = words[0] === 'subscriptions' ? (parts[1] ?? null) : null;
  const group = words[2] === 'resourcegroups' ? (parts[3] ?? null) : null;
  const at = words.lastIndexOf('providers');
  if (at === -1) return subscription === null ? null : { subscription, group, type: '', names: [] };
  const path = parts.slice(at + 2);
  const types = [words[at + 1] ?? '', ...path.filter((_, index) => index % 2 === 0).map((part) => part.toLowerCase())];
  return {
    subscription,
    group,
    type: types.join('/'),
    names: path.filter((_, index) => index % 2 === 1),
  };
}

/** `subscription/group`, the namespace of a resource's name. */
export function azureNamespace(resource: AzureResource | null): string | null {
  return [resource?.subscription, resource?.group].filter((part) => part != null).join('/') || null;
}
