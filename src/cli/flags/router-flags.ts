import { z } from 'zod';
import { MAX_VRF_ID, type RouterSpec } from '../../model/router.js';
import { MAX_VNI, MIN_VNI } from '../../model/virtual-network.js';
import { parseExit } from '../exit-text.js';
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
  exit: texts,
  transitVni: text,
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
      .option(
        '--exit <exit>',
        'a way out: SUBNET=NVE:ADDRESS[,NVE:ADDRESS...]; repeatable',
        collect,
      )
      .option('--transit-vni <number>', 'VNI that leads to its exits; chosen if absent')
      .option('--display-name <text>', 'for people')
      .option('--label <key=value>', 'repeatable; key- takes one away', collect);
  },
  read(raw) {
    const options = Options.parse(raw);
    return editOf<RouterSpec>(options, ownChanges(options));
  },
};

function ownChanges(options: Options): Partial<RouterSpec> {
  const { tenant, vrfId, gatewayMac, subnet, route, exit, transitVni } = options;
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(vrfId === undefined ? {} : { vrfId: vrfIdOf(vrfId) }),
    ...(gatewayMac === undefined ? {} : { gatewayMac }),
    ...(subnet === undefined
      ? {}
      : { subnets: listOf(subnet).map((id) => requireId('Subnet', id)) }),
    ...(route === undefined ? {} : { routes: listOf(route).map(parseRoute) }),
    ...(exit === undefined ? {} : { exits: listOf(exit).map(parseExit) }),
    ...(transitVni === undefined ? {} : { transitVni: transitVniOf(transitVni) }),
  };
}

function transitVniOf(text: string): number {
  const remedy = `give ${MIN_VNI}-${MAX_VNI}, or leave it out to get one`;
  return integerOf('--transit-vni', text, [MIN_VNI, MAX_VNI], 'not a VNI', remedy);
}

function vrfIdOf(text: string): number {
  const remedy = `give 1-${MAX_VRF_ID}, or leave it out to get one`;
  return integerOf('--vrf-id', text, [1, MAX_VRF_ID], 'not the id of tables', remedy);
}
