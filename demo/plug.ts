/** How guests are plugged in: by the agent, or where VPP cannot make their interfaces, by their owner. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import type { VppHost } from './vpp.js';
import { plugGuest, plugOf, VXLAN_OVERHEAD, UNDERLAY_MTU, type Host } from './world.js';

export interface Plugged {
  readonly id: string;
  readonly host: Host;
  readonly netns: string;
  readonly mac: string;
  /** With prefix lengths. */
  readonly addresses: readonly string[];
}

/** The `port` of an endpoint's manifest; plugs the guest in if that is left to us. */
export async function plug(guest: Plugged, vpp: VppHost | undefined): Promise<object> {
  const { id, host, netns } = guest;
  if (!isOurs(host, vpp)) return { veth: { netns } };
  await plugGuest(host, id, { ...guest, mtu: UNDERLAY_MTU - VXLAN_OVERHEAD });
  return { hostInterface: { interface: plugOf(id) } };
}

/** We plug its guests in. */
function isOurs(host: Host, vpp: VppHost | undefined): boolean {
  return vpp?.host === host && !vpp.canTap;
}

/** A manifest whose endpoints have these ports. */
export async function withPorts(
  path: string,
  ports: ReadonlyMap<string, object>,
  target: string,
): Promise<void> {
  const documents = parseAllDocuments(await readFile(path, 'utf8'));
  for (const document of documents) {
    const name = document.getIn(['metadata', 'name']);
    const port = typeof name === 'string' ? ports.get(name) : undefined;
    if (document.get('kind') === 'Endpoint' && port !== undefined) {
      document.setIn(['spec', 'port'], port);
    }
  }
  await writeFile(target, documents.map(String).join('---\n'));
}
