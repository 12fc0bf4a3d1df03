/** Port: where an endpoint is plugged in; a veth or a tap, in the bridge of its VN. */
import { NfvError } from '../../../errors.js';
import type { Port, TapPort, VethPort } from '../../../model/endpoint.js';
import { portKey, type PortItem } from '../../../model/item.js';
import { differing } from '../../../reconcile/differing.js';
import type { Doors } from '../doors.js';
import type { LinuxKind } from '../kind.js';
import { removeLink } from '../link-removal.js';
import { ownership, type Link } from '../links.js';
import type { Memory } from '../memory.js';
import {
  bridgeName,
  gatewayVniOfName,
  parseAlias,
  portName,
  providerVniOfName,
  vniOfName,
  vxlanName,
} from '../names.js';
import { whoseLink } from './port-links.js';
import { leftoverEndpoint, leftoverName, portSight, UNKNOWN } from './port-sight.js';
import { createTap, updateTap } from './port-tap.js';
import { createVeth, updateVeth } from './port-veth.js';
import { readLinkNow, readLinksNow } from '../reader.js';

export const port: LinuxKind<PortItem> = {
  rank: 3,
  // A bridge that goes only lets go of its ports (net/bridge/br_if.c, br_dev_delete).
  outlivesDependencies: true,

  differences: (wanted, observed) =>
    differing({
      vni: [wanted.vni, observed.vni],
      mac: [wanted.mac, observed.mac],
      addresses: [wanted.addresses.join(' '), observed.addresses.join(' ')],
      admin_up: [wanted.adminUp, observed.adminUp],
      mtu: [wanted.mtu, observed.mtu],
      interface: [portName(wanted), portName(observed)],
      port: [identity(wanted.port), identity(observed.port)],
    }),

  mustRecreate: (wanted, observed) =>
    portName(wanted) !== portName(observed) || identity(wanted.port) !== identity(observed.port),

  claims: (item) => [
    `interface ${portName(item)}`,
    ...(item.port.kind === 'veth' ? [`interface ${guestName(item.port)}`] : []),
  ],

  reads([endpoint = ''], wanted, wants, memory) {
    const known = memory.portOf(endpoint)?.link ?? leftoverName(endpoint);
    if (known !== undefined) wants.links.add(known);
    else if (!memory.primed) wants.allLinks = true;
    if (wanted === undefined) return;
    wants.links.add(portName(wanted));
    wants.names.set(portKey(endpoint), portName(wanted));
    wants.links.add(vxlanName(wanted.vni));
    wants.links.add(bridgeName(wanted.vni));
    if (wanted.port.kind === 'veth') wants.namespaces.add(wanted.port.netns);
  },

  // What cannot be made is in nobody's way.
  observe: ([endpoint = ''], wanted, view) =>
    portSight(endpoint, wanted && isSupported(wanted.port) ? wanted : undefined, view),

  *list(view) {
    for (const link of view.links.values()) {
      const found = ownership(link);
      if (found.owner === 'ours' && found.key.startsWith('port/')) yield found.key;
      if (found.owner === 'half' && !isOthers(link.name)) {
        yield portKey(leftoverEndpoint(link.name));
      }
    }
    for (const [name, link] of view.doubles) {
      if (isPort(link)) yield portKey(leftoverEndpoint(name));
    }
  },

  async create(wanted, doors, memory) {
    const spec = supported(wanted);
    if (spec.kind === 'veth') await createVeth(wanted, spec, doors);
    else await createTap(wanted, spec, doors);
    remember(wanted, memory);
  },

  async update(wanted, _from, doors, memory) {
    const spec = supported(wanted);
    if (spec.kind === 'veth') await updateVeth(wanted, spec, doors);
    else await updateTap(wanted, spec, doors);
    remember(wanted, memory);
  },

  async remove(from, doors, memory) {
    const { endpoint } = from;
    const name = leftoverName(endpoint) ?? portName(from);
    const link = await readLinkNow(name, doors);
    const isOurs = link !== undefined && whoseLink(link, endpoint) !== 'foreign';
    if (isOurs || (name === leftoverName(endpoint) && (await isDouble(name, doors)))) {
      await removeLink(name, doors);
    }
    memory.forgetEndpoint(endpoint);
  },
};

function isPort(link: Link): boolean {
  const found = ownership(link);
  return found.owner === 'ours' && found.key.startsWith('port/');
}

/** Of a port whose link is another: made when this one, under a new name, was not found. */
async function isDouble(name: string, doors: Doors): Promise<boolean> {
  const links = await readLinksNow(doors.ip);
  const link = links.find((each) => each.name === name);
  if (link === undefined || !isPort(link)) return false;
  const key = parseAlias(link.alias)?.key;
  return links.some((each) => each.name !== name && parseAlias(each.alias)?.key === key);
}

/** The name is of a kind of link that is no port. */
function isOthers(name: string): boolean {
  return [vniOfName, gatewayVniOfName, providerVniOfName].some((of) => of(name) !== undefined);
}

/** @throws NfvError ITEM_UNSUPPORTED */
function supported({ vni, port: spec }: PortItem): VethPort | TapPort {
  if (vni === 0) {
    throw new NfvError('ITEM_UNSUPPORTED', 'the kernel’s dataplane has no port without a network');
  }
  if (isSupported(spec)) return spec;
  throw new NfvError(
    'ITEM_UNSUPPORTED',
    `the kernel’s dataplane has no ports of kind ${spec.kind}`,
  );
}

function isSupported(spec: Port): spec is VethPort | TapPort {
  return spec.kind === 'veth' || spec.kind === 'tap';
}

function remember(item: PortItem, memory: Memory): void {
  memory.setPort({ endpoint: item.endpoint, link: portName(item), vni: item.vni });
}

const guestName = ({ netns, interface: name }: VethPort): string => `${name} in ${netns}`;

/** What of a port cannot be changed in place, less the interface's name. */
function identity(it: Port): string {
  if (!isSupported(it)) return it.kind;
  if (it.kind === 'veth') return it.netns === UNKNOWN ? 'veth elsewhere' : `veth ${guestName(it)}`;
  const options = `${it.multiQueue ? ' multi_queue' : ''}${it.vnetHdr ? ' vnet_hdr' : ''}`;
  return `tap of user ${it.ownerUid}${options}`;
}
