/**
 * What we had made when we were killed, or when VPP's answer was lost. It has our tag; or it was not
 * named yet: then it has none, is as VPP makes it, and nothing uses it. Anything else is somebody's.
 */
import { NfvError } from '../../errors.js';
import { readAddresses, readInterfaces } from './read-interfaces.js';
import type { Interface } from './view.js';
import { NO_INTERFACE, type Vpp } from './vpp.js';

export interface Orphan {
  /** For people. */
  readonly what: string;
  /** The tag that it has, or is to get. */
  readonly tag: string;
  /** VPP sets it up when it makes it. */
  readonly comesUp: boolean;
  readonly is: (each: Interface) => boolean;
}

/**
 * An interface that is to be ours and is there already.
 * @throws NfvError FOREIGN_OBJECT if it is somebody's
 */
export async function takeOrphan({ what, tag, comesUp, is }: Orphan, vpp: Vpp): Promise<number> {
  const found = (await readInterfaces(vpp)).find(is);
  if (found?.tag === tag) return found.index;
  const isNew = found?.tag === '' && found.up === comesUp;
  if (isNew && !(await isInUse(found, vpp))) return found.index;
  const name = found?.name ?? what;
  throw new NfvError('FOREIGN_OBJECT', `${name}, ${what}, is somebody else's`, {
    metadata: { interface: name, tag: found?.tag ?? '' },
  });
}

async function isInUse(found: Interface, vpp: Vpp): Promise<boolean> {
  const [addresses, domains, crossConnects] = await Promise.all([
    readAddresses([found], vpp),
    vpp.dump('bridge_domain_dump', { bd_id: NO_INTERFACE, sw_if_index: NO_INTERFACE }),
    vpp.has('l2_xconnect_dump') ? vpp.dump('l2_xconnect_dump', {}) : [],
  ]);
  const used = [
    ...addresses.map(({ index }) => index),
    ...domains.flatMap(({ sw_if_details: members }) => members.map((each) => each.sw_if_index)),
    ...crossConnects.flatMap((each) => [each.rx_sw_if_index, each.tx_sw_if_index]),
  ];
  return used.includes(found.index);
}
