import type { Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { policyIn } from './envoy-verdict.js';
import { readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import { accept, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/** The line in which the access control filter tells its decision where its logging is set to debug; who asked stands in lines before. */
const decision = /\brbac\b.{0,300}?\b(enforced|shadow) (denied|allowed), matched policy (\S{1,800})/;

export function isRbacLine(text: string): boolean {
  return text.includes(', matched policy ') && decision.test(text);
}

export function readRbacLine(wire: Wire, adapter: Pick<FormatAdapter, 'name' | 'version'>): Normalised {
  const [, mode = '', result = '', id = ''] = decision.exec(wire.text) ?? [];
  const isShadow = mode === 'shadow';
  // Rules on trial that would let it through decide nothing.
  const verdict: Verdict = isShadow
    ? result === 'denied'
      ? 'would_deny'
      : 'none'
    : result === 'denied'
      ? 'deny'
      : 'allow';
  const told = {
    verdict,
    source: null,
    destination: null,
    protocol: protocolOf('tcp'),
    direction: 'ingress',
    isReply: null,
    reason: result === 'denied' ? `matched policy ${id}` : null,
  } as const;
  const policy = policyIn(id);
  const flags: string[] = [];
  return accept({
    ...emptyRecord('flow', adapter),
    ...told,
    ...chooseTime([readTime(/\d{4}-\d{2}-\d{2}T[\d:.]{8,20}Z/.exec(wire.line)?.[0])], wire, flags),
    summary: flowSummary(told, policy === null ? null : policy.name),
    verdictRaw: `${mode} ${result}`,
    reporter: 'dst',
    count: 1,
    policies: policy === null ? [] : [{ ...policy, effect: result === 'denied' ? 'deny' : 'allow', staged: isShadow }],
    flags,
  });
}
