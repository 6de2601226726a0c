import type { UncertainReason } from '../../policies/replay/replay.js';

/** Why an edge could not be judged, for people. */
export const reasonWords: Readonly<Record<UncertainReason, { readonly word: string; readonly means: string }>> = {
  unknown_workload: {
    word: 'Unknown workload',
    means: 'An end is no workload the records name, or lies in no namespace.',
  },
  labels_unknown: {
    word: 'Labels unknown then',
    means: 'No record showed labels of an end until then, or they changed between its flows and it matters.',
  },
  not_modelled: {
    word: 'Beyond the model',
    means: 'Port or protocol were not recorded, or a policy that may decide asks for what records do not tell.',
  },
  option_dependent: {
    word: 'Depends on an option',
    means: 'Whether an ipBlock covers addresses of pods decides, and network plugins differ in that.',
  },
};

/** The end that stands for every address which is no workload's. */
export const outsideWord = 'addresses outside';
