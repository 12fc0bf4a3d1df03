import { z } from 'zod';
import type { NveSpec } from '../../model/nve.js';
import { editOf, type FlagSet } from './flag-set.js';
import { collect, listOf } from './parse.js';

const Options = z.object({
  displayName: z.string().optional(),
  label: z.array(z.string()).optional(),
  vtep: z.array(z.string()).optional(),
  resetIdentity: z.boolean().default(false),
});

export const NVE_FLAGS: FlagSet<NveSpec> = {
  add(command, isNew) {
    const vtep = 'tunnel address on the underlay; repeatable, the first of a family is used';
    if (isNew) command.requiredOption('--vtep <address>', vtep, collect);
    else {
      command
        .option('--vtep <address>', vtep, collect)
        .option('--reset-identity', 'let another agent bind this name, e.g. of a rebuilt host');
    }
    command
      .option('--display-name <text>', 'for people')
      .option('--label <key=value>', 'repeatable; key- takes one away', collect);
  },
  read(raw) {
    const options = Options.parse(raw);
    const { vtep, resetIdentity } = options;
    return editOf<NveSpec>(options, {
      ...(vtep === undefined ? {} : { vtepAddresses: listOf(vtep) }),
      ...(resetIdentity ? { nodeUuid: '' } : {}),
    });
  },
};
