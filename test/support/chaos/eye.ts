/**
 * What a host is to have in its kernel, worked out from the API's resources by rules of its own
 * (docs/dataplane-linux.md, docs/nva.md): as lines of text, as those of kernel-lines.ts.
 */
import { createHash } from 'node:crypto';
import type { Resource } from '../../../src/model/api.js';
import type { VirtualNetwork } from '../../../src/model/virtual-network.js';
import { routerLines } from './eye-routers.js';
import { known, membersOf, MTU, PHYSICAL_MTU, sorted, type Resources } from './eye-resources.js';
import { interfaceOf } from './places.js';

const portOf = (id: string): string =>
  `nfvp${createHash('sha256').update(id).digest('hex').slice(0, 10)}`;

/** The lines of one NVE. */
export function expectedOn(nve: string, all: readonly Resource[]): string[] {
  const resources = sorted(all);
  const lines = resources.networks.flatMap((network) => networkLines(nve, network, resources));
  return [...lines, ...resources.routers.flatMap((r) => routerLines(nve, r, resources))].sort();
}

function networkLines(nve: string, network: VirtualNetwork, resources: Resources): string[] {
  const members = membersOf(network, resources);
  if (!members.has(nve)) return [];
  if (network.spec.provider !== undefined) return providerLines(nve, network, resources);
  const { vni, arpSuppression } = network.spec;
  const [bridge, vxlan] = [`nfvb${vni}`, `nfvx${vni}`];
  const vtep = (id: string): string => resources.vteps.get(id) ?? '';
  const lines = [
    `link ${bridge} bridge mtu ${MTU} up`,
    `link ${vxlan} vxlan ${vni} from ${vtep(nve)} in ${bridge} mtu ${MTU} up`,
    ...portLines(nve, network, resources, MTU),
  ];
  for (const member of members) {
    if (member !== nve) lines.push(`fdb ${vxlan} 00:00:00:00:00:00 to ${vtep(member)}`);
  }
  for (const { id, spec, status } of resources.endpoints) {
    if (spec.network !== network.id || spec.adminState !== 'UP') continue;
    const isHere = spec.nve === nve;
    lines.push(`fdb ${isHere ? portOf(id) : vxlan} ${spec.mac} in ${bridge}`);
    if (!isHere) lines.push(`fdb ${vxlan} ${spec.mac} to ${vtep(spec.nve)}`);
    if (!arpSuppression) continue;
    lines.push(...known({ spec, status }).map(({ ip, mac }) => `neigh ${bridge} ${ip} ${mac}`));
  }
  return lines;
}

/** The uplink is in the bridge, or a VLAN of it; where anybody is, they learn. */
function providerLines(nve: string, network: VirtualNetwork, resources: Resources): string[] {
  const { vni, provider } = network.spec;
  const { uplink, vlan } = provider ?? { uplink: '', vlan: 0 };
  const device = vlan === 0 ? interfaceOf(uplink) : `nfvu${vni}`;
  return [
    `link nfvb${vni} bridge mtu ${PHYSICAL_MTU} up`,
    `link ${device} port in nfvb${vni} mtu ${PHYSICAL_MTU} up`,
    ...portLines(nve, network, resources, PHYSICAL_MTU),
  ];
}

function portLines(
  nve: string,
  network: VirtualNetwork,
  { endpoints }: Resources,
  mtu: number,
): string[] {
  const here = endpoints.filter(({ spec }) => spec.network === network.id && spec.nve === nve);
  return here.map(({ id, spec }) => {
    const state = spec.adminState === 'UP' ? 'up' : 'down';
    return `link ${portOf(id)} port in nfvb${network.spec.vni} mtu ${mtu} ${state}`;
  });
}

/** What is missing (`-`) and what is too much (`+`). */
export function differences(expected: readonly string[], seen: readonly string[]): string[] {
  const [wanted, there] = [new Set(expected), new Set(seen)];
  return [
    ...expected.filter((line) => !there.has(line)).map((line) => `- ${line}`),
    ...seen.filter((line) => !wanted.has(line)).map((line) => `+ ${line}`),
  ];
}
