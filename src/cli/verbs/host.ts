import { addHostOptions } from './host/options.js';
import { hostApplyVerb } from './host/apply.js';
import { confirmVerb } from './host/confirm.js';
import { driftVerb } from './host/drift.js';
import { inventoryVerb } from './host/inventory.js';
import { planVerb } from './host/plan.js';
import { preflightVerb } from './host/preflight.js';
import { statusVerb } from './host/status.js';
import { undoVerb } from './host/undo.js';
import { examples, type Verb } from '../verb.js';

const VERBS: readonly Verb[] = [
  inventoryVerb,
  preflightVerb,
  planVerb,
  hostApplyVerb,
  confirmVerb,
  undoVerb,
  statusVerb,
  driftVerb,
];

export const hostVerb: Verb = (program, define) => {
  const host = program
    .command('host')
    .summary('Prepares this host: hugepages, drivers of NICs, VFs, start-up of VPP.')
    .description(
      'Prepares this host as a profile says: hugepages, drivers of NICs, VFs and the start-up of VPP, ' +
        'as one change that can be undone. It works on this machine, and needs root to change it.',
    );
  // Ours is "nfvctl help host".
  host.helpCommand(false);
  addHostOptions(host);
  host.addHelpText(
    'after',
    examples('nfvctl host preflight -f host.yaml', 'nfvctl host apply -f host.yaml'),
  );
  for (const verb of VERBS) verb(host, define);
};
