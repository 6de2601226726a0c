import type { Framework } from '../model.js';
import { iso270012022 } from './iso-27001-2022.js';
import { nistSp800207 } from './nist-sp-800-207.js';

/** The catalogues a report can be made for. */
export const frameworks: readonly Framework[] = [nistSp800207, iso270012022];

/** The framework with this id, or `undefined` when no catalogue has it. */
export function frameworkById(id: string): Framework | undefined {
  return frameworks.find((framework) => framework.id === id);
}
