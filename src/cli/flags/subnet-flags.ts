import { z } from 'zod';
import type { SubnetSpec } from '../../model/subnet.js';
import { requireId } from '../kinds.js';
import { parsePool } from '../subnet-text.js';
import { editOf, type FlagSet } from './flag-set.js';
import { collect, listOf } from './parse.js';

const text = z.string().optional();

const Options = z.object({
  displayName: text,
  label: z.array(z.string()).optional(),
  network: text,
  prefix: text,
  gateway: text,
  pool: z.array(z.string()).optional(),
});
type Options = z.infer<typeof Options>;

export const SUBNET_FLAGS: FlagSet<SubnetSpec> = {
  add(command, isNew) {
    if (isNew) {
      command
        .requiredOption('--network <name>', 'the network it is of')
        .requiredOption('--prefix <prefix>', 'its addresses, e.g. 10.0.0.0/24');
    }
    command
      .option('--gateway <address>', "a router's address in it, or none; the first if absent")
      .option('--pool <first-last>', 'what endpoints are given; repeatable; all if absent', collect)
      .option('--display-name <text>', 'for people')
      .option('--label <key=value>', 'repeatable; key- takes one away', collect);
  },
  read(raw) {
    const options = Options.parse(raw);
    return editOf<SubnetSpec>(options, ownChanges(options));
  },
};

function ownChanges({ network, prefix, gateway, pool }: Options): Partial<SubnetSpec> {
  return {
    ...(network === undefined ? {} : { network: requireId('VirtualNetwork', network) }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(gateway === undefined ? {} : { gateway: gateway === 'none' ? '' : gateway }),
    ...(pool === undefined ? {} : { pools: listOf(pool).map(parsePool) }),
  };
}
