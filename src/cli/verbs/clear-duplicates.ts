import { z } from 'zod';
import { EXIT } from '../exit-codes.js';
import { requireId } from '../kinds.js';
import { examples, type Verb } from '../verb.js';

const Options = z.object({ dryRun: z.boolean().default(false) });

export const clearDuplicatesVerb: Verb = (program, define) => {
  const command = program
    .command('clear-duplicates')
    .summary('Lets addresses move again that have moved too often.')
    .description(
      'Lets addresses of a network move again that have moved too often and were frozen where they are. ' +
        'Find the second machine first: "nfvctl describe network" tells who has the address, and where.',
    )
    .argument('<network>', 'its name')
    .argument('[address...]', 'MACs and IP addresses; all of them if absent')
    .option('--dry-run', 'check only')
    .addHelpText(
      'after',
      examples('nfvctl clear-duplicates blue', 'nfvctl clear-duplicates blue 02:00:00:00:00:0a'),
    );
  define(command, async (session, [network = '', ...addresses], opts) => {
    const { dryRun } = Options.parse(opts);
    const id = requireId('VirtualNetwork', network);
    const request = { id, addresses, etag: '', validateOnly: dryRun };
    const { duplicates } = await session.retry(() =>
      session.nva.duplicates.clear(request, session.call),
    );
    const left = dryRun ? 'dry run' : `${duplicates.length} left`;
    await session.out.write(`virtualNetworks/${id} cleared (${left})\n`);
    return EXIT.ok.code;
  });
};
