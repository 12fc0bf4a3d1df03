/**
 * VPP's own drivers (vnet/dev). No message tells which devices are attached, nor under which index: the command
 * line does, by their ids, and where an index is needed and not known it does the work.
 */
import { NfvError } from '../../../errors.js';
import type { Bdf } from '../../../model/host/inventory.js';
import type { Vpp } from '../vpp.js';

/** A device that is attached. */
export interface Device {
  /** `pci/0000:41:00.0` */
  readonly id: string;
  readonly driver: string;
  /** The interface of each port; undefined: it has none. */
  readonly ports: ReadonlyMap<number, string | undefined>;
}

export function deviceId(pci: Bdf): string {
  return `pci/${pci}`;
}

/** @throws NfvError as Vpp.request */
export async function readDevices(vpp: Vpp): Promise<readonly Device[]> {
  return parseDevices((await vpp.request('cli_inband', { cmd: 'show device' })).reply);
}

/** Of what `show device` writes (vnet/dev/cli.c, format.c), before 25.10 without "primary". */
export function parseDevices(text: string): readonly Device[] {
  return text
    .split(/^device '/m)
    .slice(1)
    .map((block) => ({
      id: /^[^']*/.exec(block)?.[0] ?? '',
      driver: /^ +Driver is '([^']*)'/m.exec(block)?.[1] ?? '',
      ports: new Map(
        block
          .split(/^ {2}Port (?=\d+:)/m)
          .slice(1)
          .map(portOf),
      ),
    }));
}

function portOf(block: string): readonly [number, string | undefined] {
  const name = /^ +Interface assigned, (?:primary )?interface name is '([^']*)'/m.exec(block)?.[1];
  return [parseInt(block, 10), name];
}

/** Names of the drivers that VPP has loaded; undefined: it does not tell. */
export async function readDrivers(vpp: Vpp): Promise<readonly string[] | undefined> {
  try {
    const { reply } = await vpp.request('cli_inband', { cmd: 'show device drivers' });
    return parseDrivers(reply);
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code === 'VPP_REFUSED') return undefined;
    throw error;
  }
}

/** Of a table in colours, whose first row has its titles. */
export function parseDrivers(text: string): readonly string[] {
  // eslint-disable-next-line no-control-regex -- VPP's format_table writes terminal colours
  const lines = text.replaceAll(/\x1b\[[\d;]*m/g, '').split(/\r?\n/);
  const rows = lines.map((line) => line.trim().split(/\s+/));
  return rows
    .slice(1)
    .filter(([, bus]) => bus !== undefined && bus !== 'device')
    .map(([name = '']) => name);
}

/** VPP has a node of its graph of this name; it aborts when it is to make another (vlib_register_node). */
export async function hasNode(name: string, vpp: Vpp): Promise<boolean> {
  const { reply } = await show(`show node ${name}`, vpp);
  return reply.startsWith(`node ${name}, type `);
}

/** Attaches nothing, makes an interface on one that is attached. @returns what VPP objects; empty: nothing */
export async function createByCommand(
  id: string,
  {
    port,
    name,
    options,
  }: { readonly port: number; readonly name: string; readonly options: readonly string[] },
  vpp: Vpp,
): Promise<string> {
  const words = ['device create-interface', id, 'port', String(port), 'if-name', name, ...options];
  return (await show(words.join(' '), vpp)).reply.trim();
}

/** Lets a device go of which no port has an interface. @throws NfvError VPP_DEVICE_REFUSED */
export async function detachByCommand(id: string, vpp: Vpp): Promise<void> {
  const reply = (await show(`device detach ${id}`, vpp)).reply.trim();
  // That of one which is not attached (vnet/dev/errors.h).
  if (reply === '' || reply.endsWith(': unknown device')) return;
  throw new NfvError('VPP_DEVICE_REFUSED', reply, { metadata: { device: id } });
}

/** What a command says, well or not: VPP answers a command that fails with its text and -1. */
async function show(cmd: string, vpp: Vpp): Promise<{ readonly reply: string }> {
  try {
    return await vpp.request('cli_inband', { cmd });
  } catch (thrown) {
    const error = NfvError.from(thrown);
    const reply = error.metadata['reply'];
    if (error.code === 'VPP_REFUSED' && reply !== undefined) return { reply };
    throw error;
  }
}
