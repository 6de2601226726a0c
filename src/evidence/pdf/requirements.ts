import type { Relationship, RequirementResult } from '../../controls/model.js';
import type { ReportModel } from '../report-model.js';
import type { CrossReferences } from './cross-references.js';
import type { Sheet } from './sheet.js';
import { drawTable, resultCell } from './table.js';
import { styles } from './theme.js';
import { count, counted } from './wording.js';

const relationshipWords = {
  'equal-to': 'covers',
  'equivalent-to': 'covers',
  'superset-of': 'covers',
  'subset-of': 'is part',
  'intersects-with': 'overlaps',
  'no-relationship': 'unrelated',
} as const satisfies Record<Relationship, string>;

/** Chapter 3: every requirement of the framework, grouped as the framework does; none is left out. */
export function drawRequirements(sheet: Sheet, model: ReportModel, references: CrossReferences): void {
  sheet.chapter('3 Results by requirement', 'chapter-3');
  sheet.paragraph(
    `All ${counted(model.requirements.length, 'requirement')} of ${model.framework.title}, version ${model.framework.version}. ` +
      'The last column names each control mapped to the requirement and how its evidence relates to it: it covers it (equal to, equivalent to, ' +
      'superset of), is part of it (subset of) or overlaps with it (intersects with). Rationale and source of each mapping are in report.json.',
    styles.body,
    { after: 12 },
  );
  const groups = new Map<string, RequirementResult[]>();
  for (const requirement of model.requirements) {
    const group = groups.get(requirement.group);
    if (group === undefined) groups.set(requirement.group, [requirement]);
    else group.push(requirement);
  }
  let number = 0;
  for (const [group, requirements] of groups) {
    number++;
    const name = group === '' ? 'Requirements' : group;
    sheet.heading(`${name} (${count(requirements.length)})`, `group-${String(number).padStart(4, '0')}`, 80);
    drawTable(sheet, {
      empty: 'No requirement.',
      rows: requirements,
      columns: [
        { title: 'Requirement', share: 0.12, cell: (row) => ({ text: row.displayId, style: styles.cellStrong }) },
        { title: 'Title', share: 0.215, cell: (row) => row.title },
        { title: 'Result', share: 0.165, cell: (row) => resultCell(row.result) },
        { title: 'Reason', share: 0.29, cell: (row) => row.reason },
        {
          title: 'Controls',
          share: 0.21,
          cell: (row) =>
            row.controls.length === 0
              ? { text: 'none', style: styles.cellMuted }
              : {
                  text: row.controls.map((mapping) => ({
                    text: mapping.controlId,
                    destination: references.controlDestination(mapping.controlId),
                    detail: `${mapping.strength}, ${relationshipWords[mapping.relationship]}`,
                  })),
                },
        },
      ],
    });
  }
}
