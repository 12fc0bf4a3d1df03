/**
 * An uplink on a port of a NIC that one of VPP's own drivers takes: the device is attached to the running VPP, and
 * an interface made on its port (vnet/dev). VPP tells of neither what it was made with: the tag attests that.
 */
import { createHash } from 'node:crypto';
import { NfvError } from '../../../errors.js';
import { attachError, metadataOf, portError, saidOf, SAYS } from './device-errors.js';
import {
  createByCommand,
  detachByCommand,
  deviceId,
  hasNode,
  readDevices,
  type Device,
} from './devices.js';
import { parseTag } from '../tag.js';
import type { DevicePort } from './uplink.js';
import { tagged, type UplinkMeans, type UplinkPart } from './uplink-part.js';
import { somebodyElses, type Seen } from '../orphans.js';
import { NO_INTERFACE, type Vpp } from '../vpp.js';

/** Digits of a hash: what an operator changes in a file is not made to collide. */
const HASH_DIGITS = 10;
/** The kernel's drivers under which VPP opens a PCI function (vlib_pci_device_open, vlib/linux/pci.c). */
const OPEN_TO_VPP: ReadonlySet<string> = new Set(['vfio-pci', 'uio_pci_generic']);

export function deviceUplink(spec: DevicePort): UplinkPart {
  const attested = attestedOf(spec);
  return {
    name: spec.name,
    attested: () => attested,
    setsFrameSize: true,
    find: (view) => tagged(spec.name, view),
    differences: ({ tag, name }) => [
      ...(parseTag(tag)?.attested === attested ? [] : ['it was made with other settings']),
      // On its way out when we were killed.
      ...(name === spec.name ? [] : ['it has another name']),
    ],
    create: (_tag, _on, means) => create(spec, means),
  };
}

function attestedOf(spec: DevicePort): string {
  const { pci, driver, args, port, rxQueues, txQueues, rxQueueSize, txQueueSize, portArgs } = spec;
  const all = [pci, driver, args, port, rxQueues, txQueues, rxQueueSize, txQueueSize, portArgs];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, HASH_DIGITS);
}

/**
 * @throws NfvError ITEM_UNSUPPORTED: VPP has no such messages; VPP_DEVICE_MISSING, VPP_DRIVER_MISSING,
 * VPP_DEVICE_REFUSED; FOREIGN_OBJECT: the name, or the port, is somebody else's
 */
async function create(spec: DevicePort, means: UplinkMeans): Promise<number> {
  const { vpp, orphans } = means;
  if (!vpp.can('devices')) {
    const text = 'this VPP has no dev_attach and dev_create_port_if, which came with 24.02';
    throw new NfvError('ITEM_UNSUPPORTED', text, { metadata: metadataOf(spec) });
  }
  const [devices, seen] = await Promise.all([readDevices(vpp), orphans.seen(vpp)]);
  const device = devices.find(({ id }) => id === deviceId(spec.pci));
  const taken = device?.ports.get(spec.port);
  if (taken !== undefined) return take(taken, spec, seen);
  const named = [...seen.interfaces.values()].find(({ name }) => name === spec.name);
  if (named !== undefined) throw somebodyElses(named, `the name of ${deviceId(spec.pci)}`);
  await needNoNodes(spec, means);
  if (device === undefined) return await attachAndCreate(spec, means);
  if ([...device.ports.values()].some((name) => name !== undefined)) {
    return await createOnAttached(spec, device, vpp);
  }
  // We were killed in between, or an operator attached it: anew, with our arguments.
  await detachByCommand(device.id, vpp);
  return await attachAndCreate(spec, means);
}

/** An interface of ours that we had not named yet. */
function take(name: string, spec: DevicePort, seen: Seen): number {
  const found = [...seen.interfaces.values()].find((each) => each.name === name);
  const isFree = found?.tag === '' && !found.up && !seen.used.has(found.index);
  if (isFree && name === spec.name) return found.index;
  throw somebodyElses(found, `on port ${spec.port} of ${deviceId(spec.pci)}`);
}

async function attachAndCreate(spec: DevicePort, means: UplinkMeans): Promise<number> {
  const { vpp } = means;
  await needOpen(spec, means);
  await needUnspoiled(spec, means);
  const device = await attach(spec, vpp);
  try {
    const { sw_if_index: index } = await vpp.request('dev_create_port_if', {
      dev_index: device,
      intf_name: spec.name,
      num_rx_queues: spec.rxQueues,
      num_tx_queues: spec.txQueues,
      rx_queue_size: spec.rxQueueSize,
      tx_queue_size: spec.txQueueSize,
      port_id: spec.port,
      flags: [],
      args: spec.portArgs,
    });
    return index;
  } catch (error) {
    const refusal = portError(error, spec);
    try {
      await vpp.lasting.request('dev_detach', { dev_index: device });
    } catch (cause) {
      const text = `${refusal.message}; the device is left attached`;
      throw new NfvError(refusal.code, text, { cause, metadata: refusal.metadata });
    }
    throw refusal;
  }
}

/** What VPP would not open, as far as that can be known before it is asked. */
async function needOpen(spec: DevicePort, { host }: UplinkMeans): Promise<void> {
  const driver = await host.pciDriver(spec.pci);
  if (driver === undefined || OPEN_TO_VPP.has(driver)) return;
  const is = driver === '' ? 'no driver has' : `the kernel’s ${driver} has`;
  throw new NfvError('VPP_DEVICE_REFUSED', `${is} ${spec.pci}, not vfio-pci`, {
    metadata: metadataOf(spec),
    remedy: 'give it to vfio-pci: role "native" in the host profile, then "nfvctl host apply"',
  });
}

/**
 * VPP aborts when it is to make a node of a name that there is. It keeps that of a device which it could not open
 * (vnet_dev_api_attach), and those of an interface that was removed (vnet_delete_hw_interface, of native ports).
 */
async function needNoNodes(spec: DevicePort, { vpp }: UplinkMeans): Promise<void> {
  const metadata = metadataOf(spec);
  if (await hasNode(`${spec.name}-tx`, vpp)) {
    const text = `VPP keeps what was an interface ${spec.name}, and would abort if it made another`;
    const remedy = 'give the uplink another name (vpp.uplinks[].device.name), or restart VPP';
    throw new NfvError('VPP_DEVICE_REFUSED', text, { metadata, remedy });
  }
}

async function needUnspoiled(spec: DevicePort, { vpp }: UplinkMeans): Promise<void> {
  if (!(await hasNode(`${deviceId(spec.pci)}-process`, vpp))) return;
  const text = `VPP refused ${spec.pci} before, and would abort if it were asked again`;
  throw new NfvError('VPP_DEVICE_REFUSED', text, {
    metadata: metadataOf(spec),
    remedy: 'mend what VPP’s log says of it ("vppctl show logging"), then restart VPP',
  });
}

async function attach(spec: DevicePort, vpp: Vpp): Promise<number> {
  try {
    const { dev_index: index } = await vpp.request('dev_attach', {
      device_id: deviceId(spec.pci),
      driver_name: spec.driver,
      flags: [],
      args: spec.args,
    });
    return index;
  } catch (error) {
    if (saidOf(error) === SAYS.alreadyInUse) {
      const text = `somebody else has just attached ${spec.pci} to VPP`;
      const metadata = metadataOf(spec);
      throw new NfvError('FOREIGN_OBJECT', text, { cause: error, metadata });
    }
    throw await attachError(error, spec, vpp);
  }
}

/** On a device with another port in use: its index is told only to who attached it. */
async function createOnAttached(spec: DevicePort, { id }: Device, vpp: Vpp): Promise<number> {
  const pairs: readonly (readonly [string, number | string])[] = [
    ['num-rx-queues', spec.rxQueues],
    ['num-tx-queues', spec.txQueues],
    ['rx-queues-size', spec.rxQueueSize],
    ['tx-queues-size', spec.txQueueSize],
    ['args', spec.portArgs],
  ];
  const options = pairs
    .filter(([, value]) => value !== 0 && value !== '')
    .flatMap(([word, value]) => [word, String(value)]);
  const { port, name } = spec;
  const objection = await createByCommand(id, { port, name, options }, vpp);
  const filter = { sw_if_index: NO_INTERFACE, name_filter_valid: true, name_filter: name };
  const found = await vpp.dump('sw_interface_dump', filter);
  const made = found.find(({ interface_name }) => interface_name === name);
  if (made !== undefined) return made.sw_if_index;
  const text = `VPP makes no interface on port ${port} of ${spec.pci}: ${objection}`;
  throw new NfvError('VPP_DEVICE_REFUSED', text, { metadata: metadataOf(spec) });
}
