/**
 * VPP never lets go of what it found out for sending to groups on an interface that had a tunnel to one: a tunnel's
 * `next_dpo` stays locked when it is removed (vnet_vxlan_add_del_tunnel, up to 26.06), and the adjacency stays with the
 * interface's number (adj_mcast_add_or_lock). The next interface of that number would send to groups with the VLAN and
 * the MAC of the one before.
 */
import { NfvError } from '../../../errors.js';
import { endGroupTunnelsOn } from '../group-tunnels.js';
import { endLoopback, makeLoopback } from '../loopback.js';
import { readInterfaces } from '../read-interfaces.js';
import { undoing } from '../undoing.js';
import type { Vpp } from '../vpp.js';

/** Numbers that are spoiled: one for each interface that ever was an uplink with a group, so these are many. */
const MAX_SPOILED = 64;

export interface Maker {
  readonly make: () => Promise<number>;
  readonly end: (index: number, vpp: Vpp) => Promise<void>;
  /** Of what takes the place of a number: if we are killed it is known for ours. */
  readonly spareTag: (index: number) => string;
}

/** Makes an interface anew until its number is not spoiled; meanwhile loopbacks take the others. */
export async function makeUnspoiled(maker: Maker, vpp: Vpp): Promise<number> {
  const spares: number[] = [];
  try {
    for (;;) {
      const index = await maker.make();
      const look = isSpoiled(index, vpp);
      await undoing(look, (lasting) => maker.end(index, lasting), { vpp });
      if (!(await look)) return index;
      await maker.end(index, vpp.lasting);
      if (spares.length === MAX_SPOILED) throw allSpoiled();
      await takePlace(maker, spares, vpp);
    }
  } finally {
    await Promise.all(spares.map((spare) => endLoopback(spare, vpp.lasting)));
  }
}

/** No message tells. A text that we do not understand says nothing against it. */
async function isSpoiled(index: number, vpp: Vpp): Promise<boolean> {
  await endGroupTunnelsOn([index], vpp);
  const name = (await readInterfaces(vpp)).find((each) => each.index === index)?.name;
  if (name === undefined) return false;
  const { reply } = await vpp.request('cli_inband', { cmd: `show adj ${name}` });
  return /^\[@\d+\] ipv[46]-mcast: /m.test(reply);
}

/**
 * VPP gives the number that was freed last; if somebody else has it meanwhile, so much the better. The answer is waited
 * for though the operation is given up: as long as it has no tag, nothing else tells that it is ours.
 */
async function takePlace({ spareTag }: Maker, spares: number[], vpp: Vpp): Promise<void> {
  const sw_if_index = await makeLoopback(vpp.lasting);
  spares.push(sw_if_index);
  const tag = spareTag(sw_if_index);
  await vpp.request('sw_interface_tag_add_del', { is_add: true, sw_if_index, tag });
}

function allSpoiled(): NfvError {
  const text =
    'VPP gives only numbers of interfaces by which it would send to groups in a wrong way';
  return new NfvError('VPP_REFUSED', text, { remedy: 'restart VPP' });
}
