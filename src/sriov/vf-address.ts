import type { Bdf, Sriov } from '../model/host/inventory.js';

/**
 * Where the VF will be: its routing id is the PF's, plus offset, plus stride for each index before
 * it, and may run over into the next bus (PCIe SR-IOV, 2.1.2).
 */
export function vfAddress(pf: Bdf, { offset, stride }: Sriov, index: number): Bdf {
  const [domain = '', bus = '', slot = '', fn = ''] = pf.split(/[:.]/);
  const hex = (text: string): number => Number.parseInt(text, 16);
  const id = hex(bus) * 256 + hex(slot) * 8 + hex(fn) + offset + stride * index;
  const two = (n: number): string => n.toString(16).padStart(2, '0');
  return `${domain}:${two((id >> 8) & 255)}:${two((id >> 3) & 31)}.${id & 7}`;
}
