/** Uplinks that somebody else makes: a port of DPDK, say, which VPP's startup.conf has. */
import { NfvError } from '../../../errors.js';
import type { Bdf } from '../../../model/host/inventory.js';
import type { UplinkPart } from './uplink-part.js';
import type { Vpp } from '../vpp.js';

export function namedUplink(name: string): UplinkPart {
  return {
    name,
    find: ({ interfaces }) => interfaces.find((each) => each.name === name),
    differences: () => [],
  };
}

/** @throws NfvError FOREIGN_OBJECT, of `find`: several interfaces are on that function */
export function pciUplink(pci: Bdf): UplinkPart {
  return {
    name: pci,
    find({ interfaces, onPci }) {
      const [name, ...others] = onPci.get(pci) ?? [];
      if (name === undefined || others.length === 0) {
        return interfaces.find((each) => each.name === name);
      }
      const names = [name, ...others].join(', ');
      throw new NfvError('FOREIGN_OBJECT', `VPP has several interfaces on ${pci}: ${names}`, {
        metadata: { interface: name },
        remedy: 'give the uplink’s interface by its name in VPP (vpp.uplinks[].interface)',
      });
    },
    differences: () => [],
  };
}

/**
 * VPP's names of interfaces by the PCI function that they are on. No message tells: `show hardware-interfaces`
 * does, of DPDK's as `address 0000:41:00.00` (plugins/dpdk/device/format.c), of native ports as
 * `PCIe address is 0000:41:00.0` (vnet/dev/bus/pci.c). An interface begins at the start of a line.
 */
export async function readPciNames(vpp: Vpp): Promise<ReadonlyMap<Bdf, readonly string[]>> {
  const { reply } = await vpp.request('cli_inband', { cmd: 'show hardware-interfaces' });
  return parsePciNames(reply);
}

export function parsePciNames(text: string): ReadonlyMap<Bdf, readonly string[]> {
  const found = new Map<Bdf, readonly string[]>();
  let name = '';
  for (const line of text.split(/\r?\n/)) {
    [, name = name] = /^(\S+) +\d+ +(?:up|down|slave)\b/.exec(line) ?? [];
    const [, domain, bus = '', slot = '', fn = ''] = ADDRESS.exec(line.toLowerCase()) ?? [];
    if (domain === undefined || name === '') continue;
    const pci = `${domain}:${bus}:${slot}.${parseInt(fn, 16)}`;
    found.set(pci, [...(found.get(pci) ?? []), name]);
  }
  return found;
}

const ADDRESS =
  /^ +(?:pci: .*\baddress|pcie? address(?: is)?) ([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-9a-f]{1,2})\b/;
