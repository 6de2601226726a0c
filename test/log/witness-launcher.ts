import { witnessCommand } from '../../src/cli/witness.js';

/* The command `segproof witness` by itself, without what the other commands load: it starts in a fraction of the time. */

await witnessCommand().parseAsync();
