/** What is applied before a boot, and looked at after it. */
import { DISK_AT } from '../initrd.js';
import { PF0, PF1 } from './lab-host.js';

/** Confirmed: it is to come back. */
export const CONFIRMED = `
hugepages: [{ size: 2M, node: 0, pages: 24 }]
nics:
  - name: pf0
    match: { bdf: '${PF0}' }
    role: sriov
    sriov:
      count: 2
      vfs:
        - { index: 0, mac: '02:00:00:00:41:00', vlan: 42, driver: vfio-pci }
        - { index: 1, mac: '02:00:00:00:41:01', spoofchk: false, trust: true }
`;

/** Not confirmed: it is to be gone. */
export const UNCONFIRMED = `
hugepages: [{ size: 2M, node: 1, pages: 12 }]
nics: [{ name: up1, role: dpdk, match: { bdf: '${PF1}' } }]
`;

/** How the host was before the boot, for the tests after it. */
export const SEEN_BEFORE = `${DISK_AT}/seen-before.json`;
