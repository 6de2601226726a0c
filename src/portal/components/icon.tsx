import type { JSX } from 'preact';

/** Line drawings of 16 by 16 units; decoration only, always beside a word or inside a named control. */
const drawings = {
  home: 'M2.5 7.5 8 3l5.5 4.5V13h-4V9.5h-3V13h-4z',
  figures: 'M2.5 13.5h11M4.5 11V8M8 11V3M11.5 11V6',
  map: 'M4.5 4.5a1.5 1.5 0 1 1 .1 0M12 6a1.5 1.5 0 1 1 .1 0M6.5 13a1.5 1.5 0 1 1 .1 0M5.6 4.2l4.9.9M4.9 5.8l1.3 4.2M11.2 6.9 7.5 10.6',
  incident:
    'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM8 1v3M8 12v3M1 8h3M12 8h3',
  records: 'M3 3.5h10M3 6.5h10M3 9.5h10M3 12.5h6',
  findings: 'M8 2.5 14 13H2zM8 6.5V10M8 11.6v.1',
  hygiene: 'M9.5 2.5 13.5 6.5M11.5 4.5 6 10M4 9l3 3-1.5 1.5H2.5v-3zM10 13.5h3.5',
  rejected: 'M3 5.5V13h10V5.5M2 3h12v2.5H2zM6.5 8l3 3m0-3-3 3',
  changes: 'M5 3v10M5 13l-2.5-2.5M5 13l2.5-2.5M11 13V3m0 0L8.5 5.5M11 3l2.5 2.5',
  simulations: 'M3 3v10h10M5.5 10.5l2.5-3 2 2 3-4M3 5.5h1M3 8h1',
  controls: 'M2.5 4.5 4 6l2.5-3M2.5 11 4 12.5l2.5-3M9 5h5M9 11.5h5',
  reports: 'M4 2h5.5L13 5.5V14H4zM9.5 2v3.5H13M6.5 9h4M6.5 11.5h4',
  segments: 'M2.5 2.5h4.5v4.5h-4.5zM9.5 2.5h4v4.5h-4zM2.5 9.5h4.5v4h-4.5zM9.5 9.5h4v4h-4z',
  phases: 'M2.5 12.5V10h3v2.5M6.5 12.5v-5h3v5M10.5 12.5v-8h3v8',
  policies: 'M8 2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM5.8 8l1.6 1.6 3-3.2',
  sources: 'M8 13V8M4.5 8.5a3.5 3.5 0 1 1 7 0M2 9.5a6 6 0 1 1 12 0M6.5 13h3',
  integrity: 'M8 2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM8 5.5v3.5M8 11v.1',
  retention: 'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 5v3.2l2.2 1.6',
  api: 'M5.5 4 2 8l3.5 4M10.5 4 14 8l-3.5 4',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  copy: 'M5.5 5.5V3h7.5v7.5h-2.5M3 5.5h7.5V13H3z',
  download: 'M8 2.5V10M4.8 7 8 10.2 11.2 7M3 13.5h10',
  next: 'M6 3.5 10.5 8 6 12.5',
  person: 'M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zM2.8 13.8c.6-2.5 2.6-3.8 5.2-3.8s4.6 1.3 5.2 3.8',
} as const;

export type IconName = keyof typeof drawings;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d={drawings[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.4"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

/** Segments apart from each other, one of them sealed. */
export function BrandMark(): JSX.Element {
  return (
    <svg class="brand-mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      <path class="brand-cell" d="M3 5a2 2 0 0 1 2-2h6v8H3zM3 13h8v8H5a2 2 0 0 1-2-2zM13 3h6a2 2 0 0 1 2 2v6h-8z" />
      <path
        class="brand-seal"
        d="m13.8 17 2.6 2.6 5-5.6"
        fill="none"
        stroke-width="2.4"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
