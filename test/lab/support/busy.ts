/** A NIC that is in use, and a profile that takes it: everything that undo has to give back. */
import { writeFileSync } from 'node:fs';
import * as eye from './eye.js';
import { PF0, PF1 } from './lab-host.js';

/** Both NICs by their function, whatever the kernel calls them. */
export function makeBusy(): void {
  const name = eye.nameOf(PF0);
  eye.ip('link', 'set', 'dev', name, 'down');
  eye.ip('link', 'set', 'dev', name, 'name', 'wan0');
  eye.ip('link', 'property', 'add', 'dev', 'wan0', 'altname', 'uplink-of-the-lab');
  eye.ip('link', 'set', 'dev', 'wan0', 'address', '02:00:00:00:00:77', 'mtu', '1400', 'up');
  const words = ['brd', '+', 'dev', 'wan0', 'label', 'wan0:lab', 'noprefixroute'];
  eye.ip('address', 'add', '192.0.2.1/24', ...words);
  // As NetworkManager does.
  const own = ['proto', 'kernel', 'scope', 'link', 'src', '192.0.2.1', 'metric', '100'];
  eye.ip('route', 'add', '192.0.2.0/24', 'dev', 'wan0', ...own);
  eye.ip('address', 'add', '2001:db8::1/64', 'dev', 'wan0', 'nodad');
  eye.ip('route', 'add', '198.51.100.0/24', 'via', '192.0.2.9', 'metric', '50');
  eye.ip('-6', 'route', 'add', '2001:db8:9::/48', 'via', '2001:db8::9');
  eye.ip('route', 'add', '203.0.113.0/24', 'via', '192.0.2.9', 'table', '100');
  eye.ip('link', 'set', 'dev', eye.nameOf(PF1), 'up');
  eye.setVfCount(PF1, 2);
  eye.ip('link', 'set', 'dev', eye.nameOf(PF1), 'vf', '1', 'mac', '02:00:00:00:81:01', 'vlan', '7');
  // Its driver takes the MAC when it comes again.
  const vf = eye.vfAt(PF1, 1);
  writeFileSync('/sys/bus/pci/drivers/igbvf/unbind', vf);
  writeFileSync('/sys/bus/pci/drivers/igbvf/bind', vf);
  eye.setPages(0, 5);
}

/** A driver that comes anew has a netdev as at the start, whatever a failed test left of it. */
export function makeIdle(): void {
  eye.setVfCount(PF1, 0);
  for (const pf of [PF0, PF1]) {
    writeFileSync(eye.attribute(pf, 'driver_override'), '\n');
    writeFileSync(eye.attribute(pf, 'driver/unbind'), pf);
    writeFileSync('/sys/bus/pci/drivers_probe', pf);
  }
  eye.setPages(0, 0);
  eye.setPages(1, 0);
}

/** Takes it for DPDK, and makes other VFs on the other NIC. */
export const BUSY_PROFILE = `
hugepages:
  - { size: 2M, node: 0, pages: 32 }
  - { size: 2M, node: 1, pages: 16 }
nics:
  - { name: up0, role: dpdk, takeOver: true, match: { bdf: '${PF0}' } }
  - name: pf1
    match: { bdf: '${PF1}' }
    role: sriov
    sriov:
      count: 3
      vfs:
        - { index: 0, mac: '02:00:00:00:81:a0', vlan: 42, driver: vfio-pci }
        - { index: 1, spoofchk: false, trust: true }
`;
