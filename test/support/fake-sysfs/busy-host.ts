/** A host with something of everything, and a profile that changes all of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakeHost } from './host.js';
import { netdev, PF0, PF1, twoNodes } from './hosts.js';

export const STARTUP_CONF = 'etc/vpp/startup.conf';
const OPERATORS_CONF =
  'unix {\n  nodaemon\n  log /var/log/vpp/vpp.log\n}\ncpu {\n  main-core 3\n}\n';

/**
 * Node 0 has pages of others. PF0 is up with an address, a route, an altname and a large MTU. PF1
 * has two VFs, the second one set up. VPP runs. NetworkManager manages PF0's netdev.
 */
export function busyHost(driver = 'igb'): FakeHost {
  const state = twoNodes(driver);
  Object.assign(state.pools.get(0)?.get(2048) ?? {}, { total: 64, used: 32 });
  const pf0 = state.functions.get(PF0);
  const pf1 = state.functions.get(PF1);
  if (pf0 === undefined || pf1?.netdev === undefined) throw new Error('no PFs');
  pf0.netdev = netdev('uplink0', pf0.mac, {
    altnames: ['enp65s0f0'],
    mtu: 9000,
    up: true,
    addresses: [{ address: '198.51.100.1', prefixLength: 24 }],
  });
  pf1.netdev.up = true;
  state.routes.push({
    family: 4,
    table: '100',
    destination: '203.0.113.0/24',
    device: 'uplink0',
    gateway: '198.51.100.254',
    metric: 50,
    protocol: 'static',
  });
  state.active.add('vpp');
  state.networkManager = { unmanaged: new Set(['mgmt0', 'eth1', 'eth2', 'eth3', 'eth0']) };
  const lib = 'usr/lib/x86_64-linux-gnu';
  for (const path of ['usr/bin/vpp', `${lib}/libvlib.so.26.06`]) state.files.set(path, '');
  for (const plugin of ['dpdk', 'vxlan', 'tap']) {
    state.files.set(`${lib}/vpp_plugins/${plugin}_plugin.so`, '');
  }
  state.files.set(STARTUP_CONF, OPERATORS_CONF);
  const host = new FakeHost(state);
  const device = `${host.kernel.root}/sys/bus/pci/devices/${PF1}`;
  for (let i = 0; i < 3; i++) host.kernel.call('dd', [`of=${device}/sriov_numvfs`], '2');
  host.kernel.call('ip', ['link', 'set', 'dev', 'eth1', 'vf', '1', 'vlan', '7', 'qos', '2'], '');
  host.kernel.log.length = 0;
  return host;
}

export const BUSY_PROFILE = `
hugepages:
  - { size: 2M, node: 0, pages: 128 }
  - { size: 2M, node: 1, pages: 64 }
nics:
  - { name: up, role: dpdk, takeOver: true, match: { bdf: "${PF0}" } }
  - name: pf
    role: sriov
    match: { bdf: "${PF1}" }
    sriov:
      count: 3
      defaults: { trust: true }
      vfs:
        - { index: 0, mac: "02:00:00:00:00:01", vlan: 42, driver: vfio-pci }
        - { index: 2, driver: none }
cpu: { mainCore: 1, workers: "2-3" }
vpp: {}
`;

/** Everything that an undo must give back. */
export function everything(host: FakeHost): string[] {
  const conf = readFileSync(join(host.kernel.root, STARTUP_CONF), 'utf8');
  return [...host.kernel.snapshot(), conf];
}

/** Fails with what is there and should not be (+), and what should be and is not (-). */
export function assertSame(
  now: readonly string[],
  before: readonly string[],
  message = 'not as before',
): void {
  const more = now.filter((line) => !before.includes(line)).map((line) => `+ ${line}`);
  const less = before.filter((line) => !now.includes(line)).map((line) => `- ${line}`);
  assert.deepEqual([...less, ...more], [], message);
}
