import type { MappingRow } from '../model.js';

const olir = (control: string, relatedTo: string) =>
  `own, derived from ISO/IEC 27001:2022 Annex A, ${control}, with NIST OLIR reference 155 (October 2023) relating it to ${relatedTo}`;

/**
 * From our controls to Annex A. The published relations between NIST SP 800-53 and Annex A are all "intersects with",
 * so none of them carries a result; the rows here are ours and say for which scope they do.
 */
export const iso270012022Rows: readonly MappingRow[] = [
  {
    requirementId: 'a.5.3',
    controlId: 'segregation-of-duties',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that conflicting duties in policy changes are held by different people. Duties elsewhere in the organisation are outside that scope.',
    source: olir('A.5.3', 'AC-5'),
  },
  {
    requirementId: 'a.5.15',
    controlId: 'flows-allowed-by-policy',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Network access as it happened follows rules that are in force; whether the rules follow the access policy is not judged.',
    source: olir('A.5.15', 'AC-3 and AC-6'),
  },
  {
    requirementId: 'a.5.18',
    controlId: 'change-approval',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Grant, change and removal of network access are approved one by one; periodic review of what stands is not looked at.',
    source: olir('A.5.18', 'AC-2'),
  },
  {
    requirementId: 'a.5.28',
    controlId: 'log-integrity',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Records taken as evidence can be proved unaltered; how evidence is identified and handed on is not looked at.',
    source: olir('A.5.28', 'AU-3, AU-10(3) and AU-11'),
  },
  {
    requirementId: 'a.5.33',
    controlId: 'log-integrity',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that the records of policy changes and enforcement are protected from loss and falsification: the whole log was rebuilt and verified. Other records of the organisation are outside that scope.',
    source: olir('A.5.33', 'AU-9'),
  },
  {
    requirementId: 'a.5.36',
    controlId: 'flows-allowed-by-policy',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Compliance of traffic with segmentation policy is reviewed for the period; other policies and rules are not.',
    source: 'own, derived from ISO/IEC 27001:2022 Annex A, A.5.36',
  },
  {
    requirementId: 'a.5.36',
    controlId: 'change-approval',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale: 'Compliance of policy changes with the change rules is reviewed for the period; other rules are not.',
    source: 'own, derived from ISO/IEC 27001:2022 Annex A, A.5.36',
  },
  {
    requirementId: 'a.8.2',
    controlId: 'segregation-of-duties',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale: 'Use of the right to change policy is shown with its approval; how such rights are given out is not.',
    source: olir('A.8.2', 'AC-2, AC-6 and CM-5'),
  },
  {
    requirementId: 'a.8.3',
    controlId: 'flows-allowed-by-policy',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale: 'Access over the network is held against policy; access to the information behind it is not.',
    source: olir('A.8.3', 'AC-3 and AC-24'),
  },
  {
    requirementId: 'a.8.3',
    controlId: 'default-deny',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale: 'What no rule allows is denied to the network; rights inside an application are not looked at.',
    source: olir('A.8.3', 'AC-3 and AC-24'),
  },
  {
    requirementId: 'a.8.9',
    controlId: 'change-approval',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Policy versions that came into force are what was approved; configuration other than policy is not looked at.',
    source: olir('A.8.9', 'CM-2, CM-3, CM-5 and CM-6'),
  },
  {
    requirementId: 'a.8.9',
    controlId: 'change-log',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Policy versions are on record with author, time and content; configuration other than policy is not looked at.',
    source: olir('A.8.9', 'CM-2, CM-3, CM-5 and CM-6'),
  },
  {
    requirementId: 'a.8.15',
    controlId: 'log-integrity',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides the protection of the log, for the segmentation scope of this report: it was rebuilt and verified as a whole.',
    source: olir('A.8.15', 'AU-9'),
  },
  {
    requirementId: 'a.8.15',
    controlId: 'source-silence',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides that logs are produced, for the segmentation scope of this report: no watched source fell silent.',
    source: olir('A.8.15', 'AU-12'),
  },
  {
    requirementId: 'a.8.15',
    controlId: 'rejected-records',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides that logs are stored in a form that can be analysed, for the segmentation scope of this report.',
    source: olir('A.8.15', 'AU-3 and AU-6'),
  },
  {
    requirementId: 'a.8.15',
    controlId: 'change-log',
    relationship: 'subset-of',
    strength: 'supporting',
    rationale: 'Policy changes are one kind of event that logs have to hold.',
    source: olir('A.8.15', 'AU-2 and AU-3'),
  },
  {
    requirementId: 'a.8.16',
    controlId: 'source-silence',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that networks were monitored throughout the period. That deviations are found is what the other controls of this report show; how incidents are handled is outside that scope.',
    source: olir('A.8.16', 'SI-4 and SC-7'),
  },
  {
    requirementId: 'a.8.16',
    controlId: 'flows-allowed-by-policy',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Traffic was evaluated against policy. A deviation found speaks for the monitoring, so its result must not travel.',
    source: olir('A.8.16', 'SI-4 and SC-7'),
  },
  {
    requirementId: 'a.8.20',
    controlId: 'enforcement-mode',
    relationship: 'subset-of',
    strength: 'supporting',
    rationale: 'Enforcement points doing their work is one part of securing networks and their devices.',
    source: olir('A.8.20', 'AC-3 and SC-7'),
  },
  {
    requirementId: 'a.8.20',
    controlId: 'default-deny',
    relationship: 'subset-of',
    strength: 'supporting',
    rationale: 'Default deny between workloads is one part of securing networks and their devices.',
    source: olir('A.8.20', 'SC-7'),
  },
  {
    requirementId: 'a.8.21',
    controlId: 'flows-allowed-by-policy',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'Services were used over the protocols and ports that rules allow; service levels and providers are not looked at.',
    source: olir('A.8.21', 'CA-3 and SA-9'),
  },
  {
    requirementId: 'a.8.22',
    controlId: 'default-deny',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that groups of services are segregated by design: each observed workload of each segment is isolated in both directions. Networks outside the segments are outside that scope.',
    source: olir('A.8.22', 'AC-4 and SC-7'),
  },
  {
    requirementId: 'a.8.22',
    controlId: 'flows-allowed-by-policy',
    relationship: 'superset-of',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that segregation held: nothing passed, between segments or inside one, that no policy in force allowed.',
    source: olir('A.8.22', 'AC-4 and SC-7'),
  },
  {
    requirementId: 'a.8.22',
    controlId: 'enforcement-mode',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that segregation was enforced: what policy would deny did not pass in segments said to be enforcing.',
    source: olir('A.8.22', 'AC-4 and SC-7'),
  },
  {
    requirementId: 'a.8.27',
    controlId: 'default-deny',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale: 'Deny by default is one principle of secure architecture, shown in force for network access.',
    source: olir('A.8.27', 'SA-8 and SA-17'),
  },
  {
    requirementId: 'a.8.32',
    controlId: 'change-approval',
    relationship: 'equivalent-to',
    strength: 'direct',
    rationale:
      'Decides, for the segmentation scope of this report, that changes are subject to change management: each policy change had been approved, with its content, before it was carried out in its window. Changes to other systems are outside that scope.',
    source: olir('A.8.32', 'CM-3 and CM-5'),
  },
  {
    requirementId: 'a.8.32',
    controlId: 'segregation-of-duties',
    relationship: 'intersects-with',
    strength: 'supporting',
    rationale:
      'That approval came from another person is what makes it worth something; change management asks for more.',
    source: olir('A.8.32', 'CM-3 and CM-5'),
  },
];
