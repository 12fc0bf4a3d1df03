import { z } from 'zod';
import { MAX_VRF_ID, type RouterSpec } from '../../model/router.js';
import { requireId } from '../kinds.js';
import { parseRoute } from '../route-text.js';
import { editOf, type FlagSet } from './flag-set.js';
import { collect, integerOf, listOf } from './parse.js';

const text = z.string().optional();
const texts = z.array(z.string()).optional();

const Options = z.object({
  displayName: text,
  label: texts,
  tenant: text,
  vrfId: text,
  gatewayMac: text,
  subnet: texts,
  route: texts,
});
type Options = z.infer<typeof Options>;

export const ROUTER_FLAGS: FlagSet<RouterSpec> = {
  add(command, isNew) {
    if (isNew) {
      command
        .option('--tenant <name>', 'whose router it is; "default" if absent')
        .option('--vrf-id <number>', `id of its tables, 1-${MAX_VRF_ID}; chosen if absent`);
    }
    command
      .option('--gateway-mac <address>', "its gateways' MAC, on all NVEs")
      .option('--subnet <name>', 'a subnet that it routes; repeatable', collect)
      .option(
        '--route <route>',
        "'PREFIX via ADDRESS[@WEIGHT][,ADDRESS...]' or 'PREFIX drop'; repeatable",
        collect,
      )
      .option('--display-name <text>', 'for people')
      .option('--label <key=value>', 'repeatable; key- takes one away', collect);
  },
  read(raw) {
    const options = Options.parse(raw);
    return editOf<RouterSpec>(options, ownChanges(options));
  },
};

function ownChanges({ tenant, vrfId, gatewayMac, subnet, route }: Options): Partial<RouterSpec> {
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(vrfId === undefined ? {} : { vrfId: vrfIdOf(vrfId) }),
    ...(gatewayMac === undefined ? {} : { gatewayMac }),
    ...(subnet === undefined
      ? {}
      : { subnets: listOf(subnet).map((id) => requireId('Subnet', id)) }),
    ...(route === undefined ? {} : { routes: listOf(route).map(parseRoute) }),
  };
}

function vrfIdOf(text: string): number {
  const remedy = `give 1-${MAX_VRF_ID}, or leave it out to get one`;
  return integerOf('--vrf-id', text, [1, MAX_VRF_ID], 'not the id of tables', remedy);
}
