import type { Framework } from '../model.js';

const tenets = [
  'All data sources and computing services are resources',
  'All communication is secured, wherever on the network it runs',
  'Access is granted per session, with least privilege',
  'Access is decided by dynamic policy',
  'Integrity and posture of all assets are monitored and measured',
  'Authentication and authorisation are dynamic and enforced before access is allowed',
  'As much as possible is collected on assets, network and communication, and used to improve posture',
];

const duties: readonly { section: string; part: string; title: string; group: string }[] = [
  {
    section: '3',
    part: 'a',
    title: 'The policy engine logs each of its decisions',
    group: 'Logical components (section 3)',
  },
  {
    section: '5.1',
    part: 'a',
    title: 'Every configuration change to the policy engine and policy administrator is logged',
    group: 'Subversion of the decision process (section 5.1)',
  },
  {
    section: '5.1',
    part: 'b',
    title: 'Logged configuration changes are subject to audit',
    group: 'Subversion of the decision process (section 5.1)',
  },
  {
    section: '5.5',
    part: 'a',
    title: 'Stored logs and policies are protected against alteration',
    group: 'Storage of system and network information (section 5.5)',
  },
  {
    section: '5.5',
    part: 'b',
    title: 'Access to stored logs and policies is restricted to designated administrators',
    group: 'Storage of system and network information (section 5.5)',
  },
];

/**
 * NIST SP 800-207: the seven tenets of section 2.1, and what sections 3, 5.1 and 5.5 demand, cut into duties that
 * can be checked. The publication numbers neither; ids are ours (`zt-4`, `s5.1-a`), wording is a paraphrase.
 */
export const nistSp800207: Framework = {
  id: 'nist-sp-800-207',
  title: 'Zero Trust Architecture',
  version: 'August 2020',
  publisher: 'NIST',
  requirements: [
    ...tenets.map((title, at) => ({
      id: `zt-${at + 1}`,
      displayId: `ZT-${at + 1}`,
      title,
      group: 'Tenets (section 2.1)',
    })),
    ...duties.map(({ section, part, title, group }) => ({
      id: `s${section}-${part}`,
      displayId: `${section} (${part})`,
      title,
      group,
    })),
  ],
};
