import type { NormalForm, Verdict } from '../normal-form.js';
import type { Fields } from './envoy-fields.js';

type PolicyRef = NormalForm['policies'][number];

/** Flags of Envoy that name a failure on the way; no decision of policy (Envoy, "Response flags"). */
const failures =
  /\b(?:UH|UF|UO|NR|URX|NC|DT|DC|LH|UT|LR|UR|UC|DI|FI|RLSE|IH|SI|DPE|UPE|UMSDR|NFCF|OM|DF|DO|DR|UDO|FailedLocalHealthCheck|NoHealthyUpstream|Upstream\w+|LocalReset|DelayInjected|FaultInjected|NoRouteFound|DownstreamConnectionTermination|RateLimitServiceError|StreamIdleTimeout|InvalidEnvoyRequestHeaders|DownstreamProtocolError|NoClusterFound|OverloadManagerTerminated|DnsResolutionFailed|DropOverload|DownstreamRemoteReset)\b/;

/** What decided to let a request through or not, of the fields of its access log. */
export function judge(fields: Fields): { readonly verdict: Verdict; readonly reason: string | null } {
  const value = (name: string): string | null => fields.get(name) || null;
  const code = value('response_code');
  const details = value('response_code_details');
  const termination = value('connection_termination_details');
  const responseFlags = value('response_flags') ?? value('response_flags_long') ?? '';
  const upstream = value('upstream_host');
  const told = `${details ?? ''} ${termination ?? ''}`;
  if (/rbac_access_denied|ext_authz_denied|jwt_authn_access_denied/.test(told))
    return { verdict: 'deny', reason: details ?? termination };
  if (/\b(?:UAEX|UnauthorizedExternalService|RBAC)\b/.test(responseFlags)) return { verdict: 'deny', reason: 'UAEX' };
  if (isEngineDenial(fields)) return { verdict: 'deny', reason: details ?? 'rbac' };
  // Where to Istio sends what a mesh that knows all its services lets nobody reach (`outboundTrafficPolicy`).
  if (value('upstream_cluster') === 'BlackHoleCluster') return { verdict: 'deny', reason: 'BlackHoleCluster' };
  // A limit of rate protects a service; it does not say who may reach it.
  if (/\b(?:RL|RateLimited)\b/.test(responseFlags)) return { verdict: 'none', reason: 'RL' };
  if (failures.test(responseFlags)) return { verdict: 'error', reason: details ?? (responseFlags || null) };
  if (code !== null && code !== '0') {
    if (upstream !== null || details?.startsWith('via_upstream') === true) return { verdict: 'allow', reason: null };
    const isLocal = fields.has('upstream_host');
    // Older logs have no details: who was let in nowhere and is told 403 or 401 was refused by the proxy itself.
    if (details === null && isLocal && (code === '403' || code === '401')) return { verdict: 'deny', reason: code };
    if (details === null && !isLocal) return { verdict: 'allow', reason: null };
  }
  if (code === '0' && upstream !== null) return { verdict: 'allow', reason: null };
  // Envoy answers by itself where its route says so (`direct_response`, redirects): nothing was decided, nothing failed.
  const isAnswer = details === 'direct_response' || /^[123]\d\d$/.test(code ?? '');
  return { verdict: code === null || isAnswer ? 'none' : 'error', reason: details };
}

/** The access control filter leaves what it decided in the metadata of the request. */
function isEngineDenial(fields: Fields): boolean {
  for (const [name, value] of fields) {
    if (value === 'denied' && name.endsWith('enforced_engine_result')) return true;
  }
  return false;
}

/**
 * What the rules on trial would have done (`shadow_rules` of the filter, dry run of Istio), as a log format takes it from the metadata:
 * `shadow_engine_result` is `allowed` or `denied`, `shadow_effective_policy_id` the policy that matched. Null where
 * they would have let it through or were not asked.
 */
export function shadowDenial(fields: Fields): { readonly policy: PolicyRef | null } | null {
  for (const [name, value] of fields) {
    if (!/^(?:denied|deny)$/i.test(value) || !isShadow(name)) continue;
    const besides = [
      name.replace('engine_result', 'effective_policy_id'),
      name.replace(/(_|\.)result$/, '$1name'),
      ...[...fields.keys()].filter((other) => isShadow(other) && /policy|rule/.test(other)),
    ];
    const id = besides.filter((other) => other !== name).map((other) => fields.get(other) ?? '');
    const policy = policyIn(id.find((text) => text !== '' && !/^(?:allowed|denied|allow|deny)$/i.test(text)) ?? '');
    return { policy: policy === null ? null : { ...policy, staged: true } };
  }
  return null;
}

function isShadow(name: string): boolean {
  return name.includes('shadow') || name.includes('dry_run') || name.includes('dryrun');
}

/** The policy that `rbac_access_denied_matched_policy[ns[NS]-policy[NAME]-rule[N]]` names; none for `[none]`, where no rule allowed it. */
export function policyOfDenial(fields: Fields): PolicyRef | null {
  const told = `${fields.get('response_code_details') ?? ''} ${fields.get('connection_termination_details') ?? ''}`;
  const found = /matched_policy\[((?:[^[\]]|\[[^\]]{0,300}\]){1,800})\]/.exec(told)?.[1];
  if (found !== undefined) return policyIn(found);
  for (const [name, value] of fields) {
    if (name.endsWith('enforced_effective_policy_id') && value !== '') return policyIn(value);
  }
  return null;
}

/** `ns[NS]-policy[NAME]-rule[N]` of Istio, or the name of a policy of a plain Envoy. */
export function policyIn(id: string): PolicyRef | null {
  if (id === '' || id === 'none') return null;
  const ofIstio = /^(?:istio-ext-authz-)?ns\[([^\]]{1,253})\]-policy\[([^\]]{1,253})\]-rule\[(\d{1,6})\]$/.exec(id);
  return {
    system: 'istio',
    kind: 'AuthorizationPolicy',
    namespace: ofIstio?.[1] ?? null,
    name: ofIstio?.[2] ?? id.slice(0, 253),
    tier: null,
    rule: ofIstio?.[3] ?? null,
    revision: null,
    effect: 'deny',
    staged: false,
  };
}
