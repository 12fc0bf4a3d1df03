import { examples, type Verb } from '../verb.js';
import { initVerb } from './pki/init.js';
import { issueVerb } from './pki/issue.js';
import { listVerb } from './pki/list.js';
import { addPkiOptions } from './pki/options.js';
import { renewVerb } from './pki/renew.js';
import { revokeVerb } from './pki/revoke.js';

const VERBS: readonly Verb[] = [initVerb, issueVerb, renewVerb, revokeVerb, listVerb];

export const pkiVerb: Verb = (program, define) => {
  const pki = program
    .command('pki')
    .summary('Keeps a certificate authority, for labs.')
    .description(
      'Keeps a certificate authority in a directory, for labs: keys and certificates for NVAs, agents and ' +
        'users, and a revocation list. Where there is another CA, use that.',
    );
  // Ours is "nfvctl help pki".
  pki.helpCommand(false);
  addPkiOptions(pki);
  pki.addHelpText('after', examples('nfvctl pki init', 'nfvctl pki issue nve/host-a'));
  for (const verb of VERBS) verb(pki, define);
};
