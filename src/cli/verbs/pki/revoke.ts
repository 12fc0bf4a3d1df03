import { Option } from 'commander';
import { z } from 'zod';
import { EXIT } from '../../exit-codes.js';
import { REASONS } from '../../pki-access.js';
import { examples, type Verb } from '../../verb.js';
import { pkiOf } from './options.js';

const Options = z.object({ reason: z.enum(REASONS) });

/** Below `nfvctl pki`. */
export const revokeVerb: Verb = (pki, define) => {
  const command = pki
    .command('revoke')
    .summary('Revokes certificates, and makes the revocation list anew.')
    .description(
      'Puts certificates on the revocation list (crl.pem), and makes that anew: by name all that have not ' +
        'expired, by serial number that one.',
    )
    .argument('<which>', 'name of its files, identity, or serial number')
    .addOption(
      new Option('--reason <reason>', 'told in the list').choices(REASONS).default('unspecified'),
    )
    .addHelpText('after', examples('nfvctl pki revoke nve/host-a --reason keyCompromise'));
  define(command, async (session, [which = ''], opts) => {
    const { reason } = Options.parse(opts);
    const revoked = await (await pkiOf(pki, session)).revoke({ which, reason });
    const lines = revoked.map(({ name, serial }) => `${name} ${serial} revoked\n`);
    await session.out.write(lines.length === 0 ? 'nothing to revoke\n' : lines.join(''));
    return EXIT.ok.code;
  });
};
