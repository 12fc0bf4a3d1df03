import { z } from 'zod';
import { EXIT } from '../../exit-codes.js';
import { examples, type Verb } from '../../verb.js';
import { daysOf, filesText, pkiOf } from './options.js';

const Options = z.object({ days: z.string().optional() });

/** Below `nfvctl pki`. */
export const renewVerb: Verb = (pki, define) => {
  const command = pki
    .command('renew')
    .summary('Replaces a key and its certificate by new ones.')
    .description(
      'Replaces a key and its certificate by new ones with the same identity, names and addresses. The ' +
        'old certificate is good until it expires, unless it is revoked.',
    )
    .argument('<name>', 'of its files, or the identity')
    .option('--days <number>', 'how long it is good; as long as the old one')
    .addHelpText('after', examples('nfvctl pki renew nve/host-a'));
  define(command, async (session, [name = ''], opts) => {
    const { days } = Options.parse(opts);
    const access = await pkiOf(pki, session);
    const files = await access.renew(name, days === undefined ? undefined : daysOf(days));
    await session.out.write(filesText(files));
    return EXIT.ok.code;
  });
};
