/** Syntax of names, labels and selectors, as apimachinery validates them. */

import type { Requirement, Selector } from '../model.js';
import { shown, type Node } from './reading.js';

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelPart = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

/** RFC 1123 label, at most 63 characters: namespaces. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && dnsLabel.test(text);
}

/** RFC 1123 subdomain, at most 253 characters: object names. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && dnsSubdomain.test(text);
}

/** A qualified name: an optional DNS subdomain and `/`, then at most 63 characters of the label alphabet. */
export function isLabelKey(text: string): boolean {
  const parts = text.split('/');
  const name = parts.pop() ?? '';
  if (parts.length > 1 || (parts[0] !== undefined && !isDnsSubdomain(parts[0]))) return false;
  return name.length <= 63 && labelPart.test(name);
}

/** Empty, or at most 63 characters of the label alphabet. */
export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= 63 && labelPart.test(text));
}

/** IANA service name as the API server reads it: lower case, at most 15 characters, at least one letter. */
export function isPortName(text: string): boolean {
  return text.length <= 15 && dnsLabel.test(text) && /[a-z]/.test(text) && !text.includes('--');
}

function readKey(node: Node, key: unknown, isKey: (text: string) => boolean): string | null {
  if (typeof key === 'string' && isKey(key)) return key;
  if (key === undefined || key === null || key === '') node.refuse('is required');
  else node.refuse(`expected a label key (optional DNS prefix and "/", then up to 63 letters, digits, "-", "_", ".")`);
  return null;
}

function readValue(node: Node): string | null {
  if (typeof node.value === 'string' && isLabelValue(node.value)) return node.value;
  node.refuse(`expected a label value (up to 63 letters, digits, "-", "_", "."), got ${shown(node.value)}`);
  return null;
}

function readRequirement(node: Node, isKey: (text: string) => boolean): Requirement | null {
  node.only(['key', 'operator', 'values']);
  const key = readKey(node.field('key'), node.field('key').value, isKey);
  const operator = node.field('operator').oneOf(operators);
  const listed = node.field('values');
  const values = listed.items().map(readValue);
  if (operator === null) return null;
  const takesValues = operator === 'In' || operator === 'NotIn';
  if (takesValues && values.length === 0) listed.refuse(`must be specified when operator is ${operator}`);
  if (!takesValues && values.length > 0) listed.refuse(`may not be specified when operator is ${operator}`);
  const good = values.filter((value) => value !== null);
  return key === null || good.length < values.length ? null : { key, operator, values: good };
}

/**
 * Reads a label selector; absent reads as the empty selector, which matches everything. After a problem the result
 * is incomplete and must not be used. `isKey` is for systems whose label keys have another form.
 */
export function readSelector(node: Node, isKey: (text: string) => boolean = isLabelKey): Selector {
  node.only(['matchLabels', 'matchExpressions']);
  const labels = node.field('matchLabels');
  const equal = labels.keys().map((name): Requirement | null => {
    const key = readKey(labels.field(name), name, isKey);
    const value = readValue(labels.field(name));
    return key === null || value === null ? null : { key, operator: 'In', values: [value] };
  });
  const terms = node
    .field('matchExpressions')
    .items()
    .map((term) => readRequirement(term, isKey));
  return [...equal, ...terms].filter((requirement) => requirement !== null);
}
