/** What keeps a gateway on its host, for a VXLAN device that comes into its network after it. */
import { hasErrno } from '../../../host/iproute2/answers.js';
import type { Doors } from '../doors.js';
import { parseFdb } from '../entries.js';
import { gatewayName } from '../names.js';

/** The filter of a device goes with it (gateway-filter.ts): the new one's is for the MAC that the bridge holds fast. */
export async function keepGatewayLocal(vni: number, doors: Doors): Promise<void> {
  const mac = await heldMac(gatewayName(vni), doors);
  if (mac !== undefined) await doors.gatewayFilter.set(vni, mac);
}

/** Undefined: there is no gateway, or it is not complete. */
async function heldMac(device: string, doors: Doors): Promise<string | undefined> {
  try {
    const answer = await doors.fdbShow.query('fdb', 'show', 'dev', device);
    return parseFdb(answer, device).find(({ fixed, sticky }) => fixed && sticky === true)?.mac;
  } catch (error) {
    if (hasErrno(error, 'ENODEV')) return undefined;
    throw error;
  }
}
