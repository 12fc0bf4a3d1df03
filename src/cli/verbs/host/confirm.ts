import { EXIT } from '../../exit-codes.js';
import type { Verb } from '../../verb.js';
import { hostOf, progressTo } from './options.js';

/** Below `nfvctl host`. */
export const confirmVerb: Verb = (host, define) => {
  const command = host
    .command('confirm')
    .description(
      'Says that this host is still in reach after "apply --confirm": the change stays.',
    );
  define(command, async (session) => {
    await (await hostOf(host, session)).confirm(progressTo(session), session.signal);
    await session.out.write('confirmed\n');
    return EXIT.ok.code;
  });
};
