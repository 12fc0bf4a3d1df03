import { EXIT } from '../../exit-codes.js';
import type { Verb } from '../../verb.js';
import { hostOf, progressTo } from './options.js';

/** Below `nfvctl host`. */
export const undoVerb: Verb = (host, define) => {
  const command = host
    .command('undo')
    .description(
      'Takes the newest change of this host back: names, MACs, addresses, routes, drivers, VFs and ' +
        'hugepages are as they were.',
    );
  define(command, async (session) => {
    await (await hostOf(host, session)).undo(progressTo(session), session.signal);
    await session.out.write('undone\n');
    return EXIT.ok.code;
  });
};
