import { systemActor, type Role } from '../../src/context.js';
import { Segments } from '../../src/inventory/segments.js';
import { startTestService, type TestService } from '../support/service.js';
import { Browser } from './browser.js';
import { defaultDeny, hubbleFlow, networkPolicy, policyWritten, send } from './sent-records.js';

/** What a source or a user may send to see whether a page takes it for markup. */
export const script = '<script>alert("not on this page")</script>';
export const day = 86_400_000;

export function ago(milliseconds: number): string {
  return new Date(Date.now() - milliseconds).toISOString();
}

/** A service with a small estate in it, and people of each role looking at its portal. */
export interface Portal {
  readonly service: TestService;
  readonly browsers: Readonly<Record<Role, Browser>>;
  /** Somebody who is not signed in. */
  readonly visitor: Browser;
  /** Entries of policy changes, none of them approved; the name of the first one's author is `script`. */
  readonly policyChanges: readonly number[];
  /** Entries of 120 flows to payments/api, every third of them denied. */
  readonly flows: readonly number[];
}

/** Two segments, two sources, two policies, 120 flows and two records that cannot be read. */
export async function openPortal(): Promise<Portal> {
  const service = await startTestService();
  const signedIn = async (role: Role): Promise<Browser> =>
    new Browser(service.url, (await service.signedIn(role)).token);
  const segments = service.app.get(Segments);
  const shared = { owner: 'Mara', criticality: 'high', matchLabels: {} } as const;
  await segments.define(systemActor, 'payments', { ...shared, phase: 'enforcing', namespace: 'payments' });
  await segments.define(systemActor, 'back-office', {
    ...shared,
    owner: script,
    phase: 'discovery',
    namespace: 'back-office',
  });
  const hubble = await service.newSource({ name: 'hubble', format: 'hubble', silenceAfterSeconds: 3600 });
  const audit = await service.newSource({ name: 'kube-audit', format: 'kubernetes-audit' });
  const policyChanges = await send(service, audit, [
    policyWritten(networkPolicy('payments', 'default-deny', defaultDeny), {
      time: ago(3 * day),
      user: script,
      verb: 'create',
      number: 1,
    }),
    policyWritten(
      networkPolicy('back-office', 'reports', {
        podSelector: { matchLabels: { app: 'reports' } },
        policyTypes: ['Ingress'],
      }),
      {
        time: ago(2 * day),
        user: 'k.moreau',
        verb: 'create',
        number: 2,
      },
    ),
  ]);
  const flows = await send(
    service,
    hubble,
    Array.from({ length: 120 }, (_, number) =>
      hubbleFlow(
        {
          time: ago(day + number * 1000),
          from: number % 3 === 0 ? 'back-office/reports' : 'checkout/web',
          to: 'payments/api',
          verdict: number % 3 === 0 ? 'DROPPED' : 'FORWARDED',
        },
        number,
      ),
    ),
  );
  await send(service, hubble, [`{"flow":"${script}`, '{"what":"is this"}']);
  const browsers = {
    admin: await signedIn('admin'),
    requester: await signedIn('requester'),
    approver: await signedIn('approver'),
    auditor: await signedIn('auditor'),
  };
  return { service, browsers, visitor: new Browser(service.url, null), policyChanges, flows };
}
