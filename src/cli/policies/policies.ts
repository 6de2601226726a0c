import { Command } from 'commander';
import { connectionsCommand } from './connections.js';
import { diffCommand } from './diff.js';
import { evalCommand } from './eval.js';
import { lintCommand } from './lint.js';
import { renderCommand } from './render.js';
import { schemeCommand } from './scheme.js';

/** `segproof policies`: what policies allow, told from files alone. */
export function policiesCommand(): Command {
  return new Command('policies')
    .description('What the policies in manifest files allow, deny and change; needs no service.')
    .addCommand(connectionsCommand())
    .addCommand(diffCommand())
    .addCommand(evalCommand())
    .addCommand(lintCommand())
    .addCommand(renderCommand())
    .addCommand(schemeCommand());
}
