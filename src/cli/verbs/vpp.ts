import { examples, type Verb } from '../verb.js';
import { addVppOptions } from '../vpp/options.js';
import { callVerb } from './vpp/call.js';
import { cliVerb } from './vpp/cli.js';
import { compatVerb } from './vpp/compat.js';
import { dumpVerb } from './vpp/dump.js';
import { eventsVerb } from './vpp/events.js';
import { infoVerb } from './vpp/info.js';
import { messagesVerb } from './vpp/messages.js';
import { statsVerb } from './vpp/stats.js';

const VERBS: readonly Verb[] = [
  infoVerb,
  compatVerb,
  messagesVerb,
  callVerb,
  dumpVerb,
  eventsVerb,
  statsVerb,
  cliVerb,
];

export const vppVerb: Verb = (program, define) => {
  const vpp = program
    .command('vpp')
    .summary('Looks at the VPP on this host, through its binary API.')
    .description(
      'Looks at, and asks, the VPP on this host, through its binary API. Any release: the messages are learnt from VPP.',
    );
  // Ours is "nfvctl help vpp".
  vpp.helpCommand(false);
  addVppOptions(vpp);
  vpp.addHelpText('after', examples('nfvctl vpp info', 'nfvctl vpp dump sw_interface_dump'));
  for (const verb of VERBS) verb(vpp, define);
};
