/**
 * What we had made and not named yet when we were killed, or when VPP's answer was lost: it has no tag,
 * is in no bridge domain and has no address. Anything else without our tag is somebody's.
 */
import { NfvError } from '../../errors.js';
import { readAddresses, readInterfaces } from './read-interfaces.js';
import type { Interface } from './view.js';
import { NO_INTERFACE, type Vpp } from './vpp.js';

/**
 * An interface that is to be ours and is there already.
 * @throws NfvError FOREIGN_OBJECT if it is somebody's
 */
export async function takeOrphan(
  is: (each: Interface) => boolean,
  what: string,
  vpp: Vpp,
): Promise<number> {
  const interfaces = await readInterfaces(vpp);
  const found = interfaces.find(is);
  if (found?.tag === '' && !(await isInUse(found, vpp))) return found.index;
  const name = found?.name ?? what;
  throw new NfvError('FOREIGN_OBJECT', `${name}, ${what}, is somebody else's`, {
    metadata: { interface: name, tag: found?.tag ?? '' },
  });
}

async function isInUse(found: Interface, vpp: Vpp): Promise<boolean> {
  const [addresses, domains] = await Promise.all([
    readAddresses([found], vpp),
    vpp.dump('bridge_domain_dump', { bd_id: NO_INTERFACE, sw_if_index: NO_INTERFACE }),
  ]);
  const isMember = domains.some(({ sw_if_details: members }) =>
    members.some(({ sw_if_index: index }) => index === found.index),
  );
  return isMember || addresses.length > 0;
}
