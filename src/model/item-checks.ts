/** Checks that several kinds of items have in common. Fields are under the item's key. */
import { isHostAddress, parseIp, parseMac } from './addresses.js';
import { isId } from './names.js';
import type { Violations } from './violations.js';
import { MAX_MTU, MAX_VNI, MIN_MTU, MIN_VNI } from './virtual-network.js';

export function checkVni(v: Violations, field: string, vni: number): void {
  if (!Number.isInteger(vni) || vni < MIN_VNI || vni > MAX_VNI) {
    v.add(field, vni, 'not a VNI', `give ${MIN_VNI}-${MAX_VNI}`);
  }
}

export function checkAddress(v: Violations, field: string, text: string): void {
  const ip = parseIp(text);
  if (ip?.text !== text || !isHostAddress(ip)) {
    v.add(field, text, 'not a canonical unicast IP address', 'give one without prefix length');
  }
}

/** `address/length`. */
export function checkInterfaceAddress(v: Violations, field: string, text: string): void {
  const [address = '', length = ''] = text.split('/');
  checkAddress(v, field, address);
  const max = address.includes(':') ? 128 : 32;
  if (!/^\d{1,3}$/.test(length) || Number(length) > max) {
    v.add(field, text, 'no prefix length', `give ADDRESS/0-${max}`);
  }
}

export function checkMac(v: Violations, mac: string): void {
  if (parseMac(mac) !== mac) v.add('mac', mac, 'not a canonical MAC', 'give six hex bytes');
}

export function checkMtu(v: Violations, mtu: number): void {
  if (!Number.isInteger(mtu) || mtu < MIN_MTU || mtu > MAX_MTU) {
    v.add('mtu', mtu, 'out of range', `give ${MIN_MTU}-${MAX_MTU}`);
  }
}

export function checkEndpointId(v: Violations, field: string, id: string): void {
  if (!isId(id)) v.add(field, id, 'not an id', 'give an endpoint id');
}
