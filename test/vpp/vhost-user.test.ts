/** A guest at a vhost-user port of a real VPP: DPDK's testpmd, which answers what the kernel asks of it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import type { Payload } from '../../src/model/item.js';
import { NEW_VHOST_USER, type VhostUserPort } from '../../src/model/vpp-ports.js';
import { eventually } from '../support/eventually.js';
import { domain, macOf, vtepItem } from '../support/linux-items.js';
import { cable, needNetns, Netns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { needTestpmd, Testpmd } from '../support/testpmd.js';
import { VppDataplaneRig } from '../support/vpp-dataplane-rig.js';

const VNI = 10;
const L = '10.9.0.1';
const UPLINK = { interface: 'loop0', addresses: [`${L}/24`], mtu: 1500, routes: [] };
const GUEST = { mac: '02:00:00:00:00:01', ip: '192.168.7.1' };
const KERNEL = { mac: '02:00:00:00:00:02', ip: '192.168.7.2' };

const OFFER = { gso: true, eventIdx: true };

const PORTS: [title: string, change: Partial<VhostUserPort>, more: string][] = [
  ['VPP as the server', {}, ''],
  ['VPP as the server, with packed rings', { packedRing: true }, ',packed_vq=1'],
  ['VPP as the client', { role: 'CLIENT', socketMode: 0 }, ''],
];

for (const [title, change, more] of PORTS) {
  describe(`vhost-user with testpmd: ${title}`, function () {
    this.timeout(120_000);
    const found = findVpp();
    let vpp: RealVpp | undefined;
    let host: Netns | undefined;
    let kernel: Netns | undefined;
    let rig: VppDataplaneRig;
    let guest: Testpmd | undefined;
    let port: VhostUserPort;

    before(async function () {
      if (typeof found === 'string') skip(this, found);
      await needNetns(this);
      await needTestpmd(this);
      host = await Netns.create();
      kernel = await Netns.create();
      await cable([host, 'g0'], [kernel, 'eth0'], 1500);
      await kernel.ip('link', 'set', 'dev', 'eth0', 'address', KERNEL.mac);
      await kernel.ip('addr', 'add', `${KERNEL.ip}/24`, 'dev', 'eth0');
      vpp = new RealVpp(found, { netns: host.name });
      await startVpp();
      rig = await VppDataplaneRig.create(vpp, [UPLINK]);
      mkdirSync(rig.files.sockets);
      port = { ...NEW_VHOST_USER, ...OFFER, ...change, socket: rig.files.socket('vm') };
      await ready();
    });
    after(async () => {
      await guest?.close();
      if (vpp !== undefined) {
        await rig.close();
        await vpp.remove();
      }
      await kernel?.close();
      await host?.close();
    });

    const startVpp = async (): Promise<void> => {
      await vpp?.start();
    };

    async function ready(): Promise<void> {
      await rig.ready();
      await rig.client.request('create_loopback_instance', {
        mac_address: '00:00:00:00:00:00',
        is_specified: true,
        user_instance: 0,
      });
    }

    function items(): Payload[] {
      const common = { kind: 'port', vni: VNI, addresses: [], adminUp: true, mtu: 1500 } as const;
      const nic = { kind: 'host_interface', interface: 'g0' } as const;
      return [
        vtepItem(L),
        domain(VNI, L, { arpSuppression: false }),
        { ...common, endpoint: 'vm', mac: GUEST.mac, port },
        { ...common, endpoint: 'kernel', mac: KERNEL.mac, port: nic },
        macOf(VNI, GUEST.mac, 'vm'),
        macOf(VNI, KERNEL.mac, 'kernel'),
      ];
    }

    function startGuest(): Testpmd {
      const { socket, role } = port;
      return Testpmd.start({ socket, isServer: role === 'CLIENT', mac: GUEST.mac, more });
    }

    const pings = async (...words: string[]): Promise<boolean> => {
      const ran = await kernel?.try('ping', '-c', '1', '-W', '1', ...words, GUEST.ip);
      return ran?.code === 0;
    };

    const shown = async (): Promise<string> =>
      (await rig.client.request('cli_inband', { cmd: 'show vhost-user' })).reply;

    it('carries frames both ways, also the largest', async () => {
      await rig.converge(items());
      guest = startGuest();
      await guest.ready();
      await eventually(() => pings(), 20_000);
      assert.ok(await pings('-M', 'do', '-s', '1472'));
    });

    it('offers the guest what it is to, and the guest takes it', async () => {
      const reply = await shown();
      assert.match(reply, /\n {3}VIRTIO_F_VERSION_1 /);
      assert.match(reply, /\n {2}GSO enable\n/);
      assert.match(reply, /\n {2}Event index enable\n/);
      assert.equal(/\n {3}VIRTIO_F_RING_PACKED /.test(reply), port.packedRing);
      assert.match(reply, /Memory regions \(total 1\)/);
    });

    it('carries none while it is down', async () => {
      const down = items().map((item) =>
        item.kind === 'port' && item.endpoint === 'vm' ? { ...item, adminUp: false } : item,
      );
      await rig.converge(down);
      assert.ok(!(await pings()));
      await rig.converge(items());
      await eventually(() => pings(), 20_000);
    });

    it('carries again what it carried when VPP was killed', async () => {
      await vpp?.kill();
      await eventually(() => rig.client.state !== 'ready');
      if (port.role === 'SERVER') {
        // QEMU connects again by itself; testpmd is started again, as a guest that was shut down too.
        await guest?.close();
        assert.ok(existsSync(port.socket));
      }
      await startVpp();
      await ready();
      await rig.converge(items());
      if (port.role === 'SERVER') {
        guest = startGuest();
        await guest.ready();
      } else {
        await eventually(async () => (await shown()).includes('Memory regions (total 1)'), 20_000);
        guest?.restartPort();
      }
      await eventually(() => pings(), 30_000);
    });

    it('leaves no socket of its own behind', async () => {
      await rig.converge([]);
      assert.equal(existsSync(port.socket), port.role === 'CLIENT');
      assert.ok(!(await pings()));
    });
  });
}
