import { z } from 'zod';
import { EXIT } from '../../exit-codes.js';
import { collect } from '../../flags/parse.js';
import { examples, type Verb } from '../../verb.js';
import { daysOf, filesText, pkiOf } from './options.js';

const Options = z.object({
  dns: z.array(z.string()).default([]),
  ip: z.array(z.string()).default([]),
  as: z.string().default(''),
  days: z.string(),
});

/** Below `nfvctl pki`. */
export const issueVerb: Verb = (pki, define) => {
  const command = pki
    .command('issue')
    .summary('Makes a key, and a certificate for it.')
    .description(
      'Makes a key, and a certificate for it with the identity of an NVA, of an NVE or of a user.',
    )
    .argument('<identity>', '"nva", "nve/ID" or "user/NAME"')
    .option('--dns <name>', 'it is connected to under this name; repeatable', collect)
    .option('--ip <address>', 'it is connected to at this address; repeatable', collect)
    .option('--as <name>', 'of its files; the identity, with - for /')
    .option('--days <number>', 'how long it is good, but not longer than the CA', '365')
    .addHelpText(
      'after',
      examples(
        'nfvctl pki issue nva --ip 192.0.2.11 --dns nva.example',
        'nfvctl pki issue nve/host-a',
        'nfvctl pki issue user/alice --days 30',
      ),
    );
  define(command, async (session, [identity = ''], opts) => {
    const { dns, ip, as, days } = Options.parse(opts);
    const access = await pkiOf(pki, session);
    const request = { identity, name: as, dns, ips: ip, days: daysOf(days) };
    await session.out.write(filesText(await access.issue(request)));
    return EXIT.ok.code;
  });
};
