import { z } from 'zod';
import { EXIT } from '../../exit-codes.js';
import { examples, type Verb } from '../../verb.js';
import { daysOf, pkiOf } from './options.js';

const Options = z.object({ trustDomain: z.string(), days: z.string() });

/** Below `nfvctl pki`. */
export const initVerb: Verb = (pki, define) => {
  const command = pki
    .command('init')
    .summary('Makes a CA in a new directory.')
    .description(
      'Makes a CA, and an empty revocation list, in a directory that is not there yet or is empty.',
    )
    .option('--trust-domain <name>', 'of the identities that it certifies', 'nfv.local')
    .option('--days <number>', 'how long the CA is good', '3650')
    .addHelpText(
      'after',
      examples('nfvctl pki init --dir /etc/nfvd/pki --trust-domain nfv.example'),
    );
  define(command, async (session, _args, opts) => {
    const { trustDomain, days } = Options.parse(opts);
    const access = await pkiOf(pki, session);
    const ca = await access.init({ trustDomain, days: daysOf(days) });
    await session.out.write(`ca:   ${ca}\n`);
    return EXIT.ok.code;
  });
};
