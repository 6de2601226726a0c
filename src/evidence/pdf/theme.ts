import type { ResultWord } from '../../controls/model.js';

/** Look of the printed report: one page geometry, one type scale, one accent, four status colours. Units are points. */

export const page = { width: 595.28, height: 841.89, left: 51, right: 51, top: 76, bottom: 70 } as const;
export const contentWidth = page.width - page.left - page.right;
export const contentBottom = page.height - page.bottom;
export const contentHeight = contentBottom - page.top;

export const colours = {
  ink: '#1a2332',
  muted: '#566173',
  faint: '#8892a2',
  rule: '#d7dde5',
  panel: '#f3f5f8',
  accent: '#0f4c75',
  satisfied: '#1a7a4c',
  notSatisfied: '#b3261e',
  notApplicable: '#667085',
  notAssessed: '#8f5f00',
  alarmPanel: '#fdf3f2',
} as const;

export type FaceName = 'body' | 'bold' | 'mono';

/** `leading` is the distance between baselines. */
export interface TextStyle {
  readonly face: FaceName;
  readonly size: number;
  readonly leading: number;
  readonly colour: string;
}

export const styles = {
  title: { face: 'body', size: 26, leading: 33, colour: colours.ink },
  subtitle: { face: 'body', size: 12.5, leading: 17, colour: colours.muted },
  sectionHeading: { face: 'bold', size: 17, leading: 22, colour: colours.ink },
  heading: { face: 'bold', size: 11.5, leading: 15, colour: colours.ink },
  subheading: { face: 'bold', size: 9.2, leading: 12.5, colour: colours.ink },
  body: { face: 'body', size: 9.2, leading: 13.4, colour: colours.ink },
  lead: { face: 'body', size: 10.4, leading: 15.4, colour: colours.ink },
  strong: { face: 'bold', size: 9.2, leading: 13.4, colour: colours.ink },
  note: { face: 'body', size: 8, leading: 11.4, colour: colours.muted },
  label: { face: 'body', size: 8, leading: 13.4, colour: colours.muted },
  code: { face: 'mono', size: 7.6, leading: 11.2, colour: colours.ink },
  cell: { face: 'body', size: 7.8, leading: 10.4, colour: colours.ink },
  cellStrong: { face: 'bold', size: 7.8, leading: 10.4, colour: colours.ink },
  cellMuted: { face: 'body', size: 7.8, leading: 10.4, colour: colours.muted },
  cellCode: { face: 'mono', size: 6.6, leading: 10.4, colour: colours.ink },
  cellLink: { face: 'body', size: 7.8, leading: 10.4, colour: colours.accent },
  cellHead: { face: 'bold', size: 7.2, leading: 9.6, colour: colours.muted },
  figure: { face: 'bold', size: 19, leading: 23, colour: colours.ink },
  furniture: { face: 'body', size: 7.2, leading: 9.6, colour: colours.muted },
} as const satisfies Record<string, TextStyle>;

export const resultNames = {
  satisfied: 'satisfied',
  not_satisfied: 'not satisfied',
  not_applicable: 'not applicable',
  not_assessed: 'not assessed',
} as const satisfies Record<ResultWord, string>;

export const resultColours = {
  satisfied: colours.satisfied,
  not_satisfied: colours.notSatisfied,
  not_applicable: colours.notApplicable,
  not_assessed: colours.notAssessed,
} as const satisfies Record<ResultWord, string>;
