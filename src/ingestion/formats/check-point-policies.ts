import type { NormalForm, Verdict } from '../normal-form.js';
import type { Fields } from './check-point-pairs.js';
import { verdictOfWord } from './verdict-words.js';

type PolicyRef = NormalForm['policies'][number];

/**
 * The rules that decided, one of each layer that the connection matched: the fields of a rule are repeated in the order of
 * the layers. A rule without a name has no `rule_name`, so that names are told apart by their number only where it agrees.
 */
export function policiesOf(
  fields: Fields,
  value: (...names: string[]) => string | null,
  verdict: Verdict,
): PolicyRef[] {
  const all = (name: string): string[] => fields.flatMap(([key, text]) => (key === name && text !== '' ? [text] : []));
  const [ids, names, layers, actions] = [all('rule_uid'), all('rule_name'), all('layer_name'), all('rule_action')];
  const installed = /policy_name=([^\]\\;]{1,253})/.exec(value('__policy_id_tag') ?? '')?.[1];
  const policy = value('policy_name', 'policy_id_tag') ?? installed ?? null;
  const refer = (rule: string, layer: string | null, effect: PolicyRef['effect']): PolicyRef => ({
    system: 'check-point',
    kind: 'Rule',
    namespace: layer,
    name: (policy ?? rule).slice(0, 253),
    tier: layer,
    rule: rule.slice(0, 253),
    revision: null,
    effect,
    staged: false,
  });
  if (ids.length < 2) {
    const rule = value('rule_name', 'rule_uid', 'rule');
    return rule === null ? [] : [refer(rule, value('layer_name'), effectOf(verdict))];
  }
  return ids.slice(0, 20).map((id, i) => {
    const rule = names.length === ids.length ? (names[i] ?? id) : id;
    const action = actions.length === ids.length ? (actions[i] ?? '') : '';
    return refer(
      rule,
      layers.length === ids.length ? (layers[i] ?? null) : null,
      /^inline/i.test(action) ? 'pass' : effectOf(verdictOfWord(action) ?? verdict),
    );
  });
}

function effectOf(verdict: Verdict): PolicyRef['effect'] {
  return verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none';
}
