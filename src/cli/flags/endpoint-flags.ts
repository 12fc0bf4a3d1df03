import { z } from 'zod';
import type { EndpointSpec } from '../../model/endpoint.js';
import { requireId } from '../kinds.js';
import { parseAllowed } from '../allowed-text.js';
import { commonChanges, type Edit, type FlagSet } from './flag-set.js';
import { choiceOf, collect, listOf } from './parse.js';
import { addPortFlags, PortOptions, portOf } from './port-flags.js';

const text = z.string().optional();

const Options = PortOptions.extend({
  displayName: text,
  label: z.array(z.string()).optional(),
  network: text,
  nve: text,
  mac: text,
  ip: z.array(z.string()).optional(),
  subnet: z.array(z.string()).optional(),
  allowedAddress: z.array(z.string()).optional(),
  adminState: text,
});
type Options = z.infer<typeof Options>;

export const ENDPOINT_FLAGS: FlagSet<EndpointSpec> = {
  add(command, isNew) {
    if (isNew) {
      command
        .requiredOption('--network <name>', 'the network it is attached to')
        .requiredOption('--nve <name>', 'the NVE it is on');
    } else {
      command.option('--nve <name>', 'the NVE to move it to');
    }
    command
      .option('--mac <address>', 'made up if absent')
      .option('--ip <address>', 'without prefix length; repeatable', collect)
      .option(
        '--subnet <name>',
        'a subnet in which it has an address, given if --ip has none; repeatable',
        collect,
      );
    command.option(
      '--allowed-address <ip[=mac]>',
      "a virtual address that it may have, with its own MAC or another; repeatable, '' for none",
      collect,
    );
    addPortFlags(command);
    command
      .option('--admin-state <state>', 'up or down')
      .option('--display-name <text>', 'for people')
      .option('--label <key=value>', 'repeatable; key- takes one away', collect);
  },
  read: (raw) => edit(Options.parse(raw)),
};

function edit(options: Options): Edit<EndpointSpec> {
  const { label } = options;
  const own = ownChanges(options);
  // Says whether it asks for a port, and throws what is wrong with it, before anything is read.
  const asksForPort = portOf(options, undefined) !== undefined;
  return {
    needsLive: label !== undefined || asksForPort,
    changes(live) {
      const port = portOf(options, live.port);
      return {
        ...commonChanges(options, live),
        ...own,
        ...(port === undefined ? {} : { port }),
      };
    },
  };
}

function ownChanges(options: Options): Partial<EndpointSpec> {
  const { network, nve, mac, ip, subnet, allowedAddress, adminState } = options;
  return {
    ...(network === undefined ? {} : { network: requireId('VirtualNetwork', network) }),
    ...(nve === undefined ? {} : { nve: requireId('Nve', nve) }),
    ...(mac === undefined ? {} : { mac }),
    ...(ip === undefined ? {} : { ips: listOf(ip) }),
    ...(subnet === undefined
      ? {}
      : { subnets: listOf(subnet).map((id) => requireId('Subnet', id)) }),
    ...(allowedAddress === undefined
      ? {}
      : { allowedAddresses: listOf(allowedAddress).map(parseAllowed) }),
    ...(adminState === undefined
      ? {}
      : { adminState: choiceOf('--admin-state', adminState, ['UP', 'DOWN']) }),
  };
}
