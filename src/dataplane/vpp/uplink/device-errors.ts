/** What VPP says of a device that it does not take. Its numbers mean something else than those of vnet/error.h. */
import { NfvError } from '../../../errors.js';
import { deviceId, readDrivers } from './devices.js';
import type { DevicePort } from './uplink.js';
import type { Vpp } from '../vpp.js';

/** VPP's own words (vnet/dev/errors.h). */
export const SAYS = {
  alreadyInUse: 'already in use',
  noDriver: 'driver not available',
  noDevice: 'invalid device id',
} as const;

/** VPP's words in a refusal; undefined: it is none. */
export function saidOf(error: unknown): string | undefined {
  return error instanceof NfvError && error.code === 'VPP_REFUSED'
    ? error.metadata['error_string']
    : undefined;
}

/** Of `dev_attach`: VPP_DEVICE_MISSING, VPP_DRIVER_MISSING, VPP_DEVICE_REFUSED; any other as it is. */
export async function attachError(error: unknown, spec: DevicePort, vpp: Vpp): Promise<NfvError> {
  const said = saidOf(error);
  if (said === undefined) return NfvError.from(error);
  const metadata = metadataOf(spec);
  const options = { cause: error, metadata };
  switch (said) {
    case SAYS.noDevice:
      return new NfvError('VPP_DEVICE_MISSING', `VPP finds no PCI function ${spec.pci}`, options);
    case SAYS.noDriver:
      return await driverError(spec, options, vpp);
    default:
      return new NfvError('VPP_DEVICE_REFUSED', `VPP cannot attach ${spec.pci}: ${said}`, options);
  }
}

/** Of `dev_create_port_if`: VPP_DEVICE_REFUSED; any other as it is. */
export function portError(error: unknown, spec: DevicePort): NfvError {
  const said = saidOf(error);
  if (said === undefined) return NfvError.from(error);
  // VPP says the same of a port that a device has not.
  const why = said === SAYS.noDevice ? 'it has no such port' : said;
  const text = `VPP makes no interface on port ${spec.port} of ${spec.pci}: ${why}`;
  return new NfvError('VPP_DEVICE_REFUSED', text, { cause: error, metadata: metadataOf(spec) });
}

export function metadataOf({ pci, name }: DevicePort): Record<string, string> {
  return { device: deviceId(pci), interface: name };
}

async function driverError(
  { pci, driver }: DevicePort,
  options: { readonly cause: unknown; readonly metadata: Record<string, string> },
  vpp: Vpp,
): Promise<NfvError> {
  const loaded = await readDrivers(vpp);
  const list = loaded === undefined ? '' : `; it has ${loaded.join(', ') || 'none'}`;
  if (driver === '') {
    return new NfvError('VPP_DRIVER_MISSING', `VPP has no driver for ${pci}${list}`, options);
  }
  if (loaded?.includes(driver) === true) {
    const text = `VPP’s driver ${driver} does not take ${pci}${list}`;
    return new NfvError('VPP_DRIVER_MISSING', text, options);
  }
  const text = `VPP has no driver ${driver} (${driver}_driver.so, in older releases dev_${driver}_plugin.so)${list}`;
  return new NfvError('VPP_DRIVER_MISSING', text, options);
}
