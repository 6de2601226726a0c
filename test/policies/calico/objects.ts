/** Arbitrary Calico policies as the objects Calico takes. */

import type { Topology } from '../../../src/policies/simulation/evaluate.js';
import type { CalicoPolicy, CalicoRule, CalicoSet, EntityRule, Tier } from './arbitrary.js';

const apiVersion = 'projectcalico.org/v3';

function entity({ selector, notSelector, namespaceSelector, ...rest }: EntityRule): object {
  return {
    ...rest,
    ...(selector === undefined ? {} : { selector: selector.text }),
    ...(notSelector === undefined ? {} : { notSelector: notSelector.text }),
    ...(namespaceSelector === undefined ? {} : { namespaceSelector: namespaceSelector.text }),
  };
}

function rule({ source, destination, ...rest }: CalicoRule): object {
  return { ...rest, source: entity(source), destination: entity(destination) };
}

export function policyObject({
  kind,
  name,
  namespace,
  selector,
  namespaceSelector,
  ingress,
  egress,
  ...rest
}: CalicoPolicy): object {
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: {
      ...rest,
      ...(selector === undefined ? {} : { selector: selector.text }),
      ...(namespaceSelector === undefined ? {} : { namespaceSelector: namespaceSelector.text }),
      ingress: ingress.map(rule),
      egress: egress.map(rule),
    },
  };
}

export function setObject({ name, namespace, labels, nets }: CalicoSet): object {
  const kind = namespace === undefined ? 'GlobalNetworkSet' : 'NetworkSet';
  return {
    apiVersion,
    kind,
    metadata: { name, labels, ...(namespace === undefined ? {} : { namespace }) },
    spec: { nets },
  };
}

export function tierObject({ name, ...spec }: Tier): object {
  return { apiVersion, kind: 'Tier', metadata: { name }, spec };
}

export function namespaceObjects({ namespaces }: Topology): object[] {
  return namespaces.map(({ name, labels }) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
}
