import type { Feature, Teller } from '../feature.js';
import type { Request } from '../request.js';
import { Indices, NONE, type VppState } from '../state.js';
import { tellChange } from './interface.js';

/** vnet/dev/errors.h, as far as they come up. */
const SAYS = {
  1: 'already exists',
  2: 'already in use',
  8: 'driver not available',
  9: 'invalid argument',
  10: 'invalid bus',
  12: 'invalid device id',
  13: 'invalid number of rx queues',
  14: 'invalid number of tx queues',
  20: 'not found',
  30: 'unknown device',
  31: 'unknown interface',
} as const;
type Refusal = keyof typeof SAYS;

const PORTS = [0, 1];
const MAX_QUEUES = 4;
/** What a frame may have at first, and its headers: vnet_dev_port_add, vnet_eth_register_interface. */
const LINK_MTU = 1514 - 22;

interface Port {
  readonly swIfIndex: number;
  readonly rxQueues: number;
}

interface Device {
  readonly id: string;
  readonly driver: string;
  readonly args: string;
  readonly ports: Map<number, Port>;
}

export class Devices {
  /** PCI functions of the host. */
  readonly functions = new Set(['0000:41:00.0', '0000:41:00.1']);
  readonly drivers = ['nfvt', 'ige', 'iavf'];
  readonly attached = new Map<number, Device>();
  readonly indices = new Indices();
  /** An attempt to attach them failed half-way: VPP keeps their process nodes. */
  readonly spoiled = new Set<string>();
  /** Names of interfaces that were removed: VPP keeps their nodes (vnet_delete_hw_interface). */
  readonly removed = new Set<string>();

  byId(id: string): readonly [index: number, device: Device] | undefined {
    return [...this.attached].find(([, device]) => device.id === id);
  }
}

/** src/vnet/dev/api.c: vnet_dev_api_attach. The driver "nfvt" takes everything, the others nothing. */
function attach(
  state: VppState,
  { id, driver, args }: Omit<Device, 'ports'>,
): Refusal | { readonly index: number } {
  const { devices } = state;
  if (devices.byId(id) !== undefined) return 2;
  if (!id.startsWith('pci/')) return 10;
  if (!devices.functions.has(id.slice('pci/'.length))) return 12;
  if (driver !== '' && driver !== 'nfvt') return 8;
  if (devices.spoiled.has(id)) {
    throw new Error(`VPP would abort: more than one node named \`${id}-process'`);
  }
  if (!/^(level=\d,?)*$/.test(args)) {
    devices.spoiled.add(id);
    return 9;
  }
  const index = devices.indices.take();
  devices.attached.set(index, { id, driver: 'nfvt', args, ports: new Map() });
  return { index };
}

interface NewPort {
  readonly port: number;
  readonly name: string;
  readonly rxQueues: number;
  readonly txQueues: number;
}

/** vnet_dev_api_create_port_if */
function createPort(
  state: VppState,
  teller: Teller,
  device: Device | undefined,
  { port, name, rxQueues, txQueues }: NewPort,
): Refusal | { readonly swIfIndex: number } {
  if (device === undefined) return 20;
  if (!PORTS.includes(port)) return 12;
  if (device.ports.has(port)) return 1;
  if (rxQueues > MAX_QUEUES) return 13;
  if (txQueues > MAX_QUEUES) return 14;
  if (state.devices.removed.has(name)) {
    throw new Error(`VPP would abort: more than one node named \`${name}-tx'`);
  }
  const mac = `02000000aa0${port}`;
  const { swIfIndex } = state.add({ name, devType: device.driver, mac, linkMtu: LINK_MTU });
  device.ports.set(port, { swIfIndex, rxQueues: rxQueues === 0 ? 1 : rxQueues });
  tellChange(state, teller, swIfIndex);
  return { swIfIndex };
}

function removePort(state: VppState, teller: Teller, swIfIndex: number): boolean {
  for (const { ports } of state.devices.attached.values()) {
    for (const [port, each] of ports) {
      if (each.swIfIndex !== swIfIndex) continue;
      ports.delete(port);
      state.devices.removed.add(state.interfaces.get(swIfIndex)?.name ?? '');
      state.remove(swIfIndex);
      tellChange(state, teller, swIfIndex, true);
      return true;
    }
  }
  return false;
}

function detach(state: VppState, teller: Teller, index: number): boolean {
  const device = state.devices.attached.get(index);
  if (device === undefined) return false;
  for (const { swIfIndex } of device.ports.values()) removePort(state, teller, swIfIndex);
  state.devices.attached.delete(index);
  state.devices.indices.give(index);
  return true;
}

function refuse(request: Request, refusal: Refusal, values = {}): void {
  request.retval(-refusal, { ...values, error_string: SAYS[refusal] });
}

/** src/vnet/dev/dev_api.c */
export const devices: Feature = {
  module: 'dev',
  handlers: {
    dev_attach: (request, state) => {
      const made = attach(state, {
        id: request.text('device_id'),
        driver: request.text('driver_name'),
        args: request.text('args'),
      });
      if (typeof made === 'number') refuse(request, made, { dev_index: NONE });
      else request.reply({ dev_index: made.index });
    },
    dev_detach: (request, state, teller) => {
      if (detach(state, teller, request.num('dev_index'))) request.reply();
      else refuse(request, 20);
    },
    dev_create_port_if: (request, state, teller) => {
      const device = state.devices.attached.get(request.num('dev_index'));
      const made = createPort(state, teller, device, {
        port: request.num('port_id'),
        name: request.text('intf_name'),
        rxQueues: request.num('num_rx_queues'),
        txQueues: request.num('num_tx_queues'),
      });
      if (typeof made === 'number') refuse(request, made, { sw_if_index: NONE });
      else request.reply({ sw_if_index: made.swIfIndex });
    },
    dev_remove_port_if: (request, state, teller) => {
      if (removePort(state, teller, request.num('sw_if_index'))) request.reply();
      else refuse(request, 31);
    },
  },
};

/** What its commands say (src/vnet/dev/cli.c); undefined: it is none of these. */
export function deviceCommand(
  command: string,
  state: VppState,
  teller: Teller,
): string | undefined {
  const words = command.split(' ');
  const [first = '', second = '', id = ''] = words;
  switch (`${first} ${second}`) {
    case 'show device':
      return id === 'drivers' ? showDrivers(state) : showDevices(state);
    case 'show hardware-interfaces':
      return showHardware(state);
    case 'show node':
      return showNode(id, state);
    case 'device detach': {
      const [index] = state.devices.byId(id) ?? [];
      const isDone = index !== undefined && detach(state, teller, index);
      return isDone ? '' : `device detach: unable to detach '${id}': ${SAYS[30]}\n`;
    }
    case 'device create-interface': {
      const after = (word: string): string => words[words.indexOf(word, 3) + 1] ?? '';
      const number = (word: string): number => (words.includes(word) ? Number(after(word)) : 0);
      const made = createPort(state, teller, state.devices.byId(id)?.[1], {
        port: number('port'),
        name: after('if-name'),
        rxQueues: number('num-rx-queues'),
        txQueues: number('num-tx-queues'),
      });
      if (typeof made !== 'number') return '';
      return `device create-interface: unable to create_if '${id}': ${SAYS[made]}\n`;
    }
    default:
      return undefined;
  }
}

function showNode(name: string, { devices, interfaces }: VppState): string {
  const { spoiled, attached, removed } = devices;
  const nodes = new Set([
    ...[...spoiled, ...[...attached.values()].map(({ id }) => id)].map((id) => `${id}-process`),
    ...[...removed, ...[...interfaces.values()].map((each) => each.name)].map(
      (each) => `${each}-tx`,
    ),
  ]);
  return nodes.has(name)
    ? `node ${name}, type internal, state "active", index 494\n  node function variants:\n    default only\n`
    : `show node: unknown node name: '${name}'\n`;
}

function showDrivers({ devices: { drivers } }: VppState): string {
  const rows = drivers.map((name) => `${name}\x1b[0m pci\x1b[0m 0\x1b[0m ${name}_driver.so\x1b[0m`);
  return ['\x1b[33mname\x1b[0m \x1b[33mbus\x1b[0m', ...rows, ''].join('\n');
}

function infoOf({ id, driver, args }: Device, indent: string): string[] {
  return [
    `Driver is '${driver}', bus is 'pci', description is 'for tests'`,
    `PCIe address is ${id.slice('pci/'.length)}`,
    `Assigned process node is '${id}-process'`,
    'Device Specific Arguments:',
    '  Name  Value Default Description',
    `  level     ${/\d/.exec(args)?.[0] ?? '0'}       0 for tests  `,
  ].map((line) => `${indent}${line}`);
}

function portInfo(port: Port | undefined, { interfaces }: VppState): string[] {
  if (port === undefined) return ['    Interface not assigned'];
  const { swIfIndex, rxQueues } = port;
  const name = interfaces.get(swIfIndex)?.name ?? '';
  return [
    `    Hardware Address is 02:00:00:00:aa:00, ${rxQueues} RX queues (max 4), 1 TX queues (max 4)`,
    `    Interface assigned, primary interface name is '${name}', RX node is '${name}-rx'`,
    '    RX queue 0:',
    '      Size is 512, buffer pool index is 0',
  ];
}

function showDevices(state: VppState): string {
  const lines = [...state.devices.attached.values()].flatMap((device) => [
    `device '${device.id}':`,
    ...infoOf(device, '  '),
    ...PORTS.flatMap((port) => [`  Port ${port}:`, ...portInfo(device.ports.get(port), state)]),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

function showHardware({ devices: { attached }, interfaces }: VppState): string {
  const all = [...attached.values()];
  const lines = [...interfaces.values()].flatMap(({ name, swIfIndex, flags, type }) => {
    if (type !== 0) return [];
    const head = `${name.padEnd(32)}${String(swIfIndex).padStart(4)}${(flags & 1) === 1 ? '      up' : '    down'}  ${name}`;
    const on = all.find(({ ports }) => [...ports.values()].some((p) => p.swIfIndex === swIfIndex));
    const details = on === undefined ? [] : ['  Device:', ...infoOf(on, '    ')];
    return [head, '  Link speed: unknown', ...details];
  });
  const title = '              Name                Idx   Link  Hardware';
  return [title, ...lines].map((line) => `${line}\n`).join('');
}
