/**
 * What a port's alias attests: that which was configured but cannot be read back from the host's
 * end. Of a veth that is all of the guest's end; of a tap, what whoever opens it may change.
 */
import { createHash } from 'node:crypto';
import type { TapPort, VethPort } from '../../../model/endpoint.js';
import type { PortItem } from '../../../model/item.js';

export interface VethTag {
  readonly kind: 'veth';
  /** Hash of namespace and interface name. */
  readonly place: string;
  readonly mac: string;
  readonly mtu: number;
  /** A hash for each address. */
  readonly addresses: readonly string[];
}

export interface TapTag {
  readonly kind: 'tap';
  readonly ownerUid: number;
  readonly multiQueue: boolean;
  readonly vnetHdr: boolean;
}

function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

export const hashOfPlace = ({ netns, interface: name }: VethPort): string =>
  hash(`${netns}/${name}`, 8);

export const hashOfAddress = (address: string): string => hash(address, 6);

/** `veth-PLACE-MAC-MTU-ADDRESS-ADDRESS…`; 16 addresses still fit into an alias (IFALIASZ, 256). */
export function vethTag(
  { mac, mtu, addresses }: Pick<PortItem, 'mac' | 'mtu' | 'addresses'>,
  port: VethPort,
): string {
  const parts = [hashOfPlace(port), mac.replaceAll(':', ''), String(mtu)];
  return ['veth', ...parts, ...addresses.map(hashOfAddress)].join('-');
}

/** `tap-UID-MULTIQUEUE-VNETHDR` */
export function tapTag({ ownerUid, multiQueue, vnetHdr }: TapPort): string {
  return ['tap', ownerUid, Number(multiQueue), Number(vnetHdr)].join('-');
}

/** Undefined: it attests nothing that we understand. */
export function parsePortTag(attested: string): VethTag | TapTag | undefined {
  const veth = /^veth-([0-9a-f]{8})-([0-9a-f]{12})-(\d{1,5})((?:-[0-9a-f]{6})*)$/.exec(attested);
  if (veth !== null) {
    const [, place = '', mac = '', mtu = '', addresses = ''] = veth;
    return {
      kind: 'veth',
      place,
      mac: mac.replace(/..(?!$)/g, '$&:'),
      mtu: Number(mtu),
      addresses: addresses.split('-').slice(1),
    };
  }
  const tap = /^tap-(\d{1,10})-([01])-([01])$/.exec(attested);
  if (tap === null) return undefined;
  const [, uid, multiQueue, vnetHdr] = tap;
  return {
    kind: 'tap',
    ownerUid: Number(uid),
    multiQueue: multiQueue === '1',
    vnetHdr: vnetHdr === '1',
  };
}
