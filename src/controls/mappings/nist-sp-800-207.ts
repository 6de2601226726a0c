import type { MappingRow } from '../model.js';

const tenet = (number: number, with1800 = '') =>
  `own, derived from NIST SP 800-207 (August 2020), section 2.1, tenet ${number}${with1800 === '' ? '' : `, and NIST SP 1800-35 supplement (July 2024), ${with1800}`}`;
const section = (place: string) => `own, derived from NIST SP 800-207 (August 2020), section ${place}`;

/** From our controls to the tenets and duties. NIST publishes no table of controls for either; every row is ours. */
export const nistSp800207Rows: readonly MappingRow[] = [
  {
    requirementId: 'zt-1',
    controlId: 'default-deny',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Workloads that talk are taken up as resources and shown with the policies that guard them; resources that send no records are not seen.',
    source: tenet(1),
  },
  {
    requirementId: 'zt-2',
    controlId: 'default-deny',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Default deny in both directions means that a place on the network alone grants nothing. Whether connections are encrypted and authenticated is not looked at.',
    source: tenet(2, 'policy enforcement point with SC-7'),
  },
  {
    requirementId: 'zt-3',
    controlId: 'flows-allowed-by-policy',
    relationship: 'subset-of',
    strength: 'supporting',
    rationale:
      'Each connection that passed is traced to a rule that allows it, so one grant opened no other resource. Sessions and the breadth of the rules are not judged.',
    source: tenet(3, 'policy enforcement point with AC-3 and AC-4'),
  },
  {
    requirementId: 'zt-4',
    controlId: 'change-approval',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that access follows the policy its owners decided on, kept current by approved changes. Policy is what selects workloads by label; state of devices and behaviour of people are outside that scope.',
    source: tenet(4, 'policy decision point with AC-24'),
  },
  {
    requirementId: 'zt-4',
    controlId: 'segregation-of-duties',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'That policy is decided on by more than one person speaks for its governance, not for its being dynamic.',
    source: tenet(4, 'identity governance with AC-5'),
  },
  {
    requirementId: 'zt-5',
    controlId: 'enforcement-mode',
    relationship: 'subset-of',
    strength: 'supporting',
    rationale: 'Whether enforcement points enforce or only report is one part of the posture of one kind of asset.',
    source: tenet(5, 'policy enforcement point with CA-7'),
  },
  {
    requirementId: 'zt-6',
    controlId: 'default-deny',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that without a decision nothing passes: each observed workload is isolated in both directions. How subjects authenticate is outside that scope.',
    source: tenet(6, 'policy enforcement point with AC-4 and SC-7'),
  },
  {
    requirementId: 'zt-6',
    controlId: 'enforcement-mode',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that decisions are enforced before access and not only reported.',
    source: tenet(6, 'policy enforcement point with AC-3'),
  },
  {
    requirementId: 'zt-6',
    controlId: 'flows-allowed-by-policy',
    relationship: 'superset-of',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that no access was had without an authorisation: every connection that passed, also inside a segment, is put to the policies in force at its time.',
    source: tenet(6, 'policy enforcement point with AC-4'),
  },
  {
    requirementId: 'zt-7',
    controlId: 'source-silence',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that collection went on without holes at every source that is watched.',
    source: tenet(7, 'network monitoring with SI-4 and CA-7'),
  },
  {
    requirementId: 'zt-7',
    controlId: 'rejected-records',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that what was collected could be read and so be used.',
    source: tenet(7, 'security information and event management with AU-2 and AU-6'),
  },
  {
    requirementId: 'zt-7',
    controlId: 'log-integrity',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale: 'The tenet asks to collect; that the collection is unaltered makes it worth using.',
    source: tenet(7),
  },
  {
    requirementId: 's3-a',
    controlId: 'source-silence',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Sources of decisions went on sending. Whether each single decision was logged cannot be seen from the records that did arrive.',
    source: section('3 (policy engine)'),
  },
  {
    requirementId: 's3-a',
    controlId: 'rejected-records',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale: 'Logged decisions that cannot be read are as good as not logged; the share of them is known.',
    source: section('3 (policy engine)'),
  },
  {
    requirementId: 's5.1-a',
    controlId: 'change-log',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that changes to policy are logged with author, time and content by sources that did not fall silent. Changes to the enforcement software itself are outside that scope.',
    source: section('5.1'),
  },
  {
    requirementId: 's5.1-a',
    controlId: 'source-silence',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'A source of policy changes that falls silent is among the sources watched; so are sources of other things.',
    source: section('5.1'),
  },
  {
    requirementId: 's5.1-b',
    controlId: 'change-approval',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that the change log is audited: each logged change is held against what was approved. A change found unapproved counts against the duty, because such a change is the threat that section 5.1 is about.',
    source: section('5.1'),
  },
  {
    requirementId: 's5.1-b',
    controlId: 'segregation-of-duties',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale: 'Who requested, approved and carried out a change is part of what an audit of the change log looks at.',
    source: section('5.1'),
  },
  {
    requirementId: 's5.5-a',
    controlId: 'log-integrity',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that the stored records, policy versions among them, are as they were written. Copies kept by the sources are outside that scope.',
    source: section('5.5'),
  },
  {
    requirementId: 's5.5-b',
    controlId: 'segregation-of-duties',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale: 'Shows who changed policies and on whose approval; who may read stored logs and policies is not judged.',
    source: section('5.5'),
  },
];
