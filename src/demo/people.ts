/** Who acts in the estate: the users of Segproof, and who changes policies in the cluster. */

import type { Role } from '../context.js';

/** A user to be created. */
export interface EstateUser {
  readonly name: string;
  readonly displayName: string;
  readonly roles: readonly Role[];
}

export const admin = 'ingrid.solberg';
export const paymentsRequester = 'mateo.alvarez';
export const fraudRequester = 'priya.raman';
export const networkApprover = 'helen.okafor';
export const riskApprover = 'tomasz.zielinski';

export const users: readonly EstateUser[] = [
  { name: admin, displayName: 'Ingrid Solberg', roles: ['admin'] },
  { name: paymentsRequester, displayName: 'Mateo Alvarez', roles: ['requester'] },
  { name: fraudRequester, displayName: 'Priya Raman', roles: ['requester'] },
  { name: networkApprover, displayName: 'Helen Okafor', roles: ['approver'] },
  { name: riskApprover, displayName: 'Tomasz Zielinski', roles: ['approver'] },
  { name: 'claire.dubois', displayName: 'Claire Dubois', roles: ['auditor'] },
];

/** An identity towards the API server, as its audit events show it. */
export interface ClusterActor {
  readonly user: {
    readonly username: string;
    readonly uid?: string;
    readonly groups: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly sourceIPs: readonly string[];
  readonly userAgent: string;
  readonly fieldManager: string;
  /** Why the API server lets it, in the authorisation annotation. */
  readonly authorisedBy: string;
}

/** Carries out what was merged: the way nearly every change comes. */
export const argocd: ClusterActor = {
  user: {
    username: 'system:serviceaccount:argocd:argocd-application-controller',
    uid: '7b0de9a3-52c1-4d0e-9c53-0f6a3e8b71d4',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:argocd', 'system:authenticated'],
    extra: {
      'authentication.kubernetes.io/node-name': ['worker-a-2'],
      'authentication.kubernetes.io/pod-name': ['argocd-application-controller-0'],
      'authentication.kubernetes.io/pod-uid': ['2a6f4f0f-1f0b-4f57-8a2e-3f0f6a1f7c02'],
    },
  },
  sourceIPs: ['10.20.2.31'],
  userAgent: 'argocd-application-controller/v0.0.0 (linux/amd64) kubernetes/$Format',
  fieldManager: 'argocd-controller',
  authorisedBy:
    'RBAC: allowed by ClusterRoleBinding "argocd-application-controller" of ClusterRole "argocd-application-controller" to ServiceAccount "argocd-application-controller/argocd"',
};

function engineer(name: string, group: string, address: string): ClusterActor {
  return {
    user: {
      username: `oidc:${name}@haldenpay.example`,
      groups: [`oidc:${group}`, 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${name}-${group}`] },
    },
    sourceIPs: [address],
    userAgent: 'kubectl/v1.34.2 (linux/amd64) kubernetes/8cc511e',
    fieldManager: 'kubectl-client-side-apply',
    authorisedBy: `RBAC: allowed by ClusterRoleBinding "${group}" of ClusterRole "${group}" to Group "oidc:${group}"`,
  };
}

/** People with kubectl; only the first is a user of Segproof too. */
export const mateoAtKubectl = engineer(paymentsRequester, 'payments-platform', '10.8.4.17');
export const nightEngineer = engineer('daniel.weber', 'platform-sre', '10.8.4.52');
export const settlementEngineer = engineer('aisha.rahman', 'platform-sre', '10.8.4.61');
export const supportLead = engineer('sofia.marchetti', 'back-office-leads', '10.8.6.23');
