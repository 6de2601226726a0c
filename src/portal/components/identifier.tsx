import type { JSX } from 'preact';
import { Icon } from './icon.js';

interface IdentifierProps {
  readonly value: string;
  /** What it is, for the copy button: `root hash`. */
  readonly name: string;
  readonly href?: string;
  /** Characters kept at each end. */
  readonly keep?: number;
}

/** `3f9ac01d…c21e` keeps both ends, since eyes compare those. */
export function shortened(value: string, keep = 8): string {
  return value.length <= keep + 5 ? value : `${value.slice(0, keep)}…${value.slice(-4)}`;
}

/** A long identifier, shortened, whole in its title, with a copy button where there is a script to work it. */
export function Identifier({ value, name, href, keep = 8 }: IdentifierProps): JSX.Element {
  const text = shortened(value, keep);
  return (
    <span class="identifier">
      {href === undefined ? (
        <code title={value}>{text}</code>
      ) : (
        <a href={href} title={value}>
          <code>{text}</code>
        </a>
      )}
      <CopyButton value={value} name={name} />
    </span>
  );
}

/**
 * A name that may break after its separators and nowhere else: `system:serviceaccount:identity:operator`,
 * `payments/api-ingress`.
 */
export function Name({ text }: { readonly text: string }): JSX.Element {
  return (
    <>
      {text.split(/(?<=[:/@_. ])/).map((part, place) => (
        <>
          {place > 0 && <wbr />}
          <span class="name-part">{part}</span>
        </>
      ))}
    </>
  );
}

/** A workload by its key, `k8s:payments/api`: the page leaves out the prefix and keeps it in the title. */
export function Workload({ id, href }: { readonly id: string; readonly href?: string }): JSX.Element {
  const name = <Name text={id.slice(id.indexOf(':') + 1)} />;
  return href === undefined ? (
    <span title={id}>{name}</span>
  ) : (
    <a href={href} title={id}>
      {name}
    </a>
  );
}

/** A policy by its text form, `NetworkPolicy payments/api`: the page leaves out the kind and keeps it in the title. */
export function PolicyName({ text }: { readonly text: string }): JSX.Element {
  return (
    <span title={text}>
      <Name text={text.slice(text.indexOf(' ') + 1)} />
    </span>
  );
}

/** Hidden until portal.js finds it: without a script it could do nothing. */
export function CopyButton({ value, name }: { readonly value: string; readonly name: string }): JSX.Element {
  return (
    <button type="button" class="copy" data-copy={value} aria-label={`Copy ${name}`} title={`Copy ${name}`} hidden>
      <Icon name="copy" />
    </button>
  );
}
