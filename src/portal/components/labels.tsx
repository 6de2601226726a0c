import type { JSX } from 'preact';

/** Labels as `name=value`, in the order given. */
export function Labels({ labels }: { readonly labels: Readonly<Record<string, string>> }): JSX.Element | null {
  const entries = Object.entries(labels);
  if (entries.length === 0) return null;
  return (
    <span class="labels">
      {entries.map(([name, value]) => (
        <code key={name} class="label">
          {name}={value}
        </code>
      ))}
    </span>
  );
}
