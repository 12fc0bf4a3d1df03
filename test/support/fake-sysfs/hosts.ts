/** Hosts for tests: two nodes, two PFs, and what stands beside them. */
import { FAKE_DRIVERS } from './drivers.js';
import type { FakeFunction, FakeNetdev, FakePool, FakeState } from './state.js';

export const PF0 = '0000:41:00.0';
export const PF1 = '0000:81:00.0';
export const MGMT = '0000:01:00.0';

const IDS: Readonly<Record<string, readonly [string, string]>> = {
  igb: ['8086', '10c9'],
  ixgbe: ['8086', '10fb'],
  i40e: ['8086', '1572'],
  ice: ['8086', '1592'],
  mlx5_core: ['15b3', '101d'],
  bnxt_en: ['14e4', '16d7'],
  idpf: ['8086', '1452'],
};

export function netdev(name: string, mac: string, more: Partial<FakeNetdev> = {}): FakeNetdev {
  return { name, altnames: [], mac, mtu: 1500, up: false, addresses: [], ...more };
}

/** A PF on its driver of the kernel, with a netdev. */
export function pf(
  bdf: string,
  driver: string,
  rest: { readonly node: number; readonly group: number | undefined; readonly name: string },
): FakeFunction {
  const [vendor, device] = IDS[driver] ?? ['ffff', 'ffff'];
  const known = FAKE_DRIVERS[driver];
  const mac = `52:54:00:ab:00:${bdf.slice(5, 7)}`;
  return {
    bdf,
    classCode: '020000',
    vendor,
    device,
    node: rest.node,
    group: rest.group,
    nativeDriver: driver,
    mac,
    driver,
    override: undefined,
    netdev: netdev(rest.name, mac),
    pf: {
      totalVfs: known?.totalVfs ?? 0,
      vfDevice: known?.vfDevice ?? '',
      vfDriver: known?.vfDriver ?? '',
      autoprobe: true,
      eswitch: known?.eswitch === undefined ? undefined : 'legacy',
      vfs: [],
    },
  };
}

/** A function that is no NIC. */
export function other(bdf: string, classCode: string, driver: string, group: number): FakeFunction {
  return {
    bdf,
    classCode,
    vendor: '8086',
    device: '2922',
    node: 0,
    group,
    nativeDriver: driver,
    mac: '',
    driver,
    override: undefined,
    netdev: undefined,
  };
}

function pools(): Map<number, FakePool> {
  return new Map([
    [2048, { total: 0, surplus: 0, used: 0, capacity: 900 }],
    [1_048_576, { total: 0, surplus: 0, used: 0, capacity: 0 }],
  ]);
}

/**
 * Node 0: a management NIC with the default route, and a PF. Node 1: another PF. A bridge, a disk
 * controller and another chip in one group.
 */
export function twoNodes(driver = 'igb'): FakeState {
  const management = pf(MGMT, 'igb', { node: 0, group: 1, name: 'mgmt0' });
  management.netdev = netdev('mgmt0', management.mac, {
    up: true,
    addresses: [{ address: '192.0.2.10', prefixLength: 24 }],
  });
  const functions = [
    other('0000:00:1f.0', '060100', '', 5),
    other('0000:00:1f.2', '010601', 'ahci', 5),
    other('0000:00:1f.3', '0c0500', 'i801_smbus', 5),
    other('0000:40:00.0', '060400', 'pcieport', 6),
    management,
    pf(PF0, driver, { node: 0, group: 7, name: 'eth0' }),
    pf(PF1, driver, { node: 1, group: 9, name: 'eth1' }),
  ];
  const [isaBridge] = functions;
  if (isaBridge !== undefined) isaBridge.driver = undefined;
  const vfDriver = FAKE_DRIVERS[driver]?.vfDriver ?? '';
  return {
    bootId: 'boot-1',
    commandLine: 'console=ttyS0 intel_iommu=on iommu=pt',
    cpus: [0, 1, 2, 3].map((id) => ({ id, node: id < 2 ? 0 : 1, isolated: id > 0 })),
    pools: new Map([
      [0, pools()],
      [1, pools()],
    ]),
    functions: new Map(functions.map((fn) => [fn.bdf, fn])),
    others: [],
    routes: [
      {
        family: 4,
        table: 'main',
        destination: 'default',
        device: 'mgmt0',
        gateway: '192.0.2.1',
        protocol: 'boot',
      },
    ],
    drivers: new Set(['igb', driver, vfDriver, 'ahci', 'i801_smbus', 'pcieport']),
    loadable: new Set(['vfio-pci', vfDriver]),
    noIommu: undefined,
    processes: [],
    active: new Set(),
    queued: new Set(),
    networkManager: undefined,
    files: new Map(),
    readOnly: false,
  };
}
