/**
 * The answers of a bridge for the gateway of its network: permanent neighbours, which go neither with
 * the gateway's link nor by themselves. So it must be told, of each that is found, whether it is ours:
 * `extern_learn` marks what was wanted as a neighbour entry, our protocol an answer. Earlier versions
 * gave answers no mark; theirs are known by the MAC of a gateway.
 */
import { bare } from '../../../model/interface-addresses.js';
import type { Neighbor } from '../entries.js';
import { ownership } from '../links.js';
import type { Memory } from '../memory.js';
import { gatewayName, gatewayVniOfName, innerName, PROTOCOL } from '../names.js';
import type { View, Wants } from '../view.js';

export function isAnswer({ extern, fixed, protocol, mac }: Neighbor, memory: Memory): boolean {
  if (extern || !fixed) return false;
  return protocol === PROTOCOL || (protocol === undefined && memory.isGatewayMac(mac));
}

/** Remembers which answers there are, and finds those of no gateway, when everything was read. */
export function noteAnswers(view: View, wants: Wants, memory: Memory): void {
  const needed = new Set([...wants.answers, ...answersInUse(view)]);
  for (const [vni, neighbor] of view.allNeighbors()) {
    if (!view.isBridgeOurs(vni) || !isAnswer(neighbor, memory)) continue;
    memory.addAnswer(vni, neighbor.ip);
    if (!needed.has(`${vni} ${neighbor.ip}`)) view.addLeftAnswer(vni, neighbor.ip);
  }
}

/** Of gateways that are there, wanted or not: those take their answers with them. */
function* answersInUse(view: View): Generator<string> {
  for (const link of view.links.values()) {
    const vni = gatewayVniOfName(link.name);
    const whose = ownership(link);
    const [kind, vrf] = whose.owner === 'ours' ? whose.key.split('/') : [];
    if (vni === undefined || kind !== 'gw' || link.name !== gatewayName(vni)) continue;
    for (const address of view.router(Number(vrf)).addressesOf(innerName(vni))) {
      yield `${vni} ${bare(address)}`;
    }
  }
}
