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
  /** Of the namespace that had the name then; absent: not known, as with earlier versions. */
  readonly inode?: number;
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

/** `veth-PLACE.INODE-MAC-MTU-ADDRESS-ADDRESS…`; 16 addresses still fit into an alias (IFALIASZ, 256). */
export function vethTag(
  { mac, mtu, addresses }: Pick<PortItem, 'mac' | 'mtu' | 'addresses'>,
  port: VethPort,
  inode?: number,
): string {
  const place = hashOfPlace(port) + (inode === undefined ? '' : `.${inode}`);
  const parts = [place, mac.replaceAll(':', ''), String(mtu)];
  return ['veth', ...parts, ...addresses.map(hashOfAddress)].join('-');
}

/** `tap-UID-MULTIQUEUE-VNETHDR` */
export function tapTag({ ownerUid, multiQueue, vnetHdr }: TapPort): string {
  return ['tap', ownerUid, Number(multiQueue), Number(vnetHdr)].join('-');
}

const VETH = /^veth-([0-9a-f]{8})(?:\.(\d{1,10}))?-([0-9a-f]{12})-(\d{1,5})((?:-[0-9a-f]{6})*)$/;

/** Undefined: it attests nothing that we understand. */
export function parsePortTag(attested: string): VethTag | TapTag | undefined {
  const veth = VETH.exec(attested);
  if (veth !== null) {
    const [, place = '', inode, mac = '', mtu = '', addresses = ''] = veth;
    return {
      kind: 'veth',
      place,
      ...(inode === undefined ? {} : { inode: Number(inode) }),
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

/**
 * The namespace that the guest's end was put into is not the one that has the name now, and lives on without it, by a
 * process that is in it: otherwise the pair would have gone with it.
 */
export const isReplaced = (tag: VethTag | undefined, inode: number | undefined): boolean =>
  tag?.inode !== undefined && inode !== undefined && tag.inode !== inode;
