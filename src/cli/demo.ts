import { Command } from 'commander';

export function demoCommand(): Command {
  return new Command('demo').description('Start the service with the demo estate.');
}
