/**
 * Virtual addresses that move between a guest on a VPP and one on a kernel: `nfvd nva` and three `nfvd nve`, real
 * packets, ARP suppression on. The guests' own kernels send the gratuitous ARP and the advertisements.
 */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { HeldAddress } from '../../src/model/allowed-address.js';
import type { Call } from '../../src/model/api.js';
import type { EndpointSpec } from '../../src/model/endpoint.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { cable, exec, needNetns, Netns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { RunningPing } from '../support/running-ping.js';
import { skip } from '../support/skip.js';
import { endpointSpec, networkSpec, nveSpec } from '../support/specs.js';
import { tempDir } from '../support/temp-dir.js';

const endless = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, endless);
const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };
/** The second one's dataplane is VPP. */
const HOSTS = ['kernel-0', 'vpp-1', 'kernel-2'];
const [KERNEL, VPP] = [2, 1];
const VIP = '10.0.0.100';
const OTHER = '10.0.0.101';
const VIP6 = 'fd00::100';
const VMAC = '00:00:5e:00:01:33';
/** Whoever waits for ARP to expire loses tens of thousands. */
const MAX_LOST = 1000;
/** Guests 1 and 2, on VPP and on a kernel, share the address; 3, on a kernel, and 4, on VPP, know it. */
const GUESTS = new Map([
  [1, VPP],
  [2, KERNEL],
  [3, 0],
  [4, VPP],
]);
const mac = (n: number): string => `02:00:00:00:00:0${n}`;

describe('virtual addresses between a VPP and kernels', function () {
  this.timeout(120_000);
  const found = findVpp();
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let vpp: RealVpp | undefined;
  let nva: Daemon;
  let api: NvaClient;
  const guests = new Map<number, Netns>();
  const hosts: Netns[] = [];
  const spaces: Netns[] = [];
  const agents: Daemon[] = [];
  const errors: string[] = [];

  const space = async (): Promise<Netns> => {
    const made = await Netns.create();
    spaces.push(made);
    return made;
  };

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    const { code } = await exec('ethtool', ['--version']);
    if (code !== 0) skip(this, 'no ethtool here: apt-get install ethtool');
    dir = tempDir();
    files = new DaemonFiles(dir.path);
    // The addresses move more often here than any should.
    const config = files.nva({ duplicates: { moves: 100 } });
    nva = await Daemon.start(['nva', '--config', config]);
    api = new NvaClient({ address: { kind: 'unix', path: files.socket() }, timeoutMs: 20_000 });
    const blue = networkSpec({ vni: 100, prefixes: ['10.0.0.0/24', 'fd00::/64'] });
    assert.ok(blue.arpSuppression);
    await api.virtualNetworks.create({ ...request, id: 'blue', spec: blue }, call);
    const wire = await space();
    await wire.ip('link', 'add', 'name', 'wire', 'up', 'type', 'bridge', 'stp_state', '0');
    for (const [i, name] of HOSTS.entries()) {
      const host = await space();
      hosts.push(host);
      await cable([host, 'u0'], [wire, `to${i}`]);
      // What leaves a host over a cable has its checksums; over a veth it has them still to come.
      await host.run('ethtool', '-K', 'u0', 'tx', 'off');
      await wire.ip('link', 'set', 'dev', `to${i}`, 'master', 'wire');
      await api.nves.create({ ...request, id: name, spec: nveSpec([`192.0.2.${i + 1}`]) }, call);
      const config = i === VPP ? await startVpp(host, found) : {};
      if (i !== VPP) await host.ip('addr', 'add', `192.0.2.${i + 1}/24`, 'dev', 'u0');
      agents.push(await Daemon.start(['nve', '--config', files.nve(name, config)], host));
    }
    for (const [n, on] of GUESTS) await attach(n, on);
    await applied();
  });

  after(async () => {
    // Nothing was begun where there is no VPP.
    if (agents.length > 0) {
      api.close();
      for (const daemon of [...agents, nva]) {
        await daemon.stop('SIGKILL');
        errors.push(daemon.err);
      }
      dir.remove();
    }
    await vpp?.remove();
    for (const each of spaces) await each.close();
    assert.equal(errors.join(''), '');
  });

  async function startVpp(host: Netns, installation: typeof found): Promise<object> {
    assert.ok(typeof installation !== 'string');
    vpp = new RealVpp(installation, { netns: host.name });
    await vpp.start();
    const uplink = { hostInterface: 'u0', addresses: [`192.0.2.${VPP + 1}/24`] };
    const { path: socket, puntPath: puntSocket } = vpp;
    return { dataplane: 'vpp', vpp: { socket, puntSocket, uplinks: [uplink] } };
  }

  async function attach(n: number, on: number, network = 'blue'): Promise<void> {
    const own = await space();
    guests.set(n, own);
    const ips = [`10.0.0.${n}`, `fd00::${n}`];
    const place = { network, nve: HOSTS[on] ?? '', mac: mac(n), ips };
    const veth = { netns: own.name, interface: 'eth0', hostInterface: '' };
    const port: EndpointSpec['port'] =
      on === VPP ? { kind: 'host_interface', interface: `p${n}` } : { kind: 'veth', ...veth };
    if (on === VPP) await plug(n, own, ips);
    await api.endpoints.create(
      { ...request, id: `guest-${n}`, spec: endpointSpec({ ...place, port }) },
      call,
    );
    await eventually(async () => (await own.try('test', '-e', '/sys/class/net/eth0')).code === 0);
    // Its kernel tells of its addresses when its MAC is set.
    for (const each of ['all', 'default', 'eth0']) {
      await set(own, `ipv4/conf/${each}/arp_notify`, 1);
      await set(own, `ipv6/conf/${each}/ndisc_notify`, 1);
    }
  }

  /** What a guest's owner does: an interface for the guest, and its other end on VPP's host. */
  async function plug(n: number, own: Netns, ips: readonly string[]): Promise<void> {
    const host = hosts[VPP];
    assert.ok(host);
    await cable([host, `p${n}`], [own, 'eth0'], 1450);
    await own.ip('link', 'set', 'dev', 'eth0', 'address', mac(n));
    for (const ip of ips) {
      const more = ip.includes(':') ? ['nodad'] : [];
      await own.ip('addr', 'add', `${ip}/${ip.includes(':') ? 64 : 24}`, 'dev', 'eth0', ...more);
    }
  }

  async function set(own: Netns, name: string, value: number): Promise<void> {
    await own.run('sh', '-c', `echo ${value} > /proc/sys/net/${name}`);
  }

  async function applied(): Promise<void> {
    const { laggards } = await api.waitApplied({ revision: 0, timeoutMs: 30_000 }, call);
    assert.deepEqual(laggards, []);
  }

  async function allow(...allowedAddresses: EndpointSpec['allowedAddresses']): Promise<void> {
    for (const id of ['guest-1', 'guest-2']) {
      const which = { id, etag: '', validateOnly: false };
      await api.endpoints.update({ ...which, changes: { allowedAddresses } }, call);
    }
    await applied();
  }

  const guest = (n: number): Netns => guests.get(n) ?? assert.fail();
  const onEth0 = (ip: string): string[] => [
    `${ip}/${ip.includes(':') ? 128 : 32}`,
    ...['dev', 'eth0'],
  ];
  async function take(n: number, ip: string): Promise<void> {
    await guest(n).ip('addr', 'add', ...onEth0(ip), ...(ip.includes(':') ? ['nodad'] : []));
    await guest(n).ip('link', 'set', 'dev', 'eth0', 'address', mac(n));
  }
  async function give(n: number, ip: string): Promise<void> {
    await guest(n).ip('addr', 'del', ...onEth0(ip));
  }
  const holding = async (n: number): Promise<readonly HeldAddress[]> =>
    (await api.endpoints.get(`guest-${n}`, call)).status.held;
  const isHeld = (n: number, ip: string, with_: string): Promise<void> =>
    eventually(async () => {
      assert.deepEqual(
        (await holding(n)).map((each) => [each.ip, each.mac]),
        [[ip, with_]],
      );
    }, 20_000);

  /** Pings on while the address moves; told how long nobody answered. */
  async function movesUnder(from: number, ip: string, move: () => Promise<void>): Promise<void> {
    await eventually(async () => (await guest(from).try('ping', '-c1', '-W1', ip)).code === 0);
    const ping = new RunningPing(guest(from), ip);
    await ping.goesOn(100);
    await move();
    await ping.goesOn(300);
    const { sent, lost } = await ping.stop();
    const blackout = Math.max(0, ...lost);
    process.stdout.write(
      `      blackout ${blackout} ms: ${lost.join(' + ') || 0} of ${sent} pings lost, one each ms\n`,
    );
    assert.ok(blackout <= MAX_LOST, `${blackout} pings in a row`);
  }

  for (const [ip, from, to, pinger, where] of [
    [VIP, 1, 2, 3, 'from VPP to a kernel, seen from a kernel'],
    [VIP, 1, 2, 4, 'from VPP to a kernel, seen from VPP'],
    [VIP, 2, 1, 3, 'from a kernel to VPP, seen from a kernel'],
    [VIP, 2, 1, 4, 'from a kernel to VPP, seen from VPP'],
    [VIP6, 1, 2, 4, 'from VPP to a kernel, seen from VPP'],
    [VIP6, 2, 1, 3, 'from a kernel to VPP, seen from a kernel'],
  ] as const) {
    it(`${ip} moves ${where}`, async () => {
      await allow({ ip, mac: '' });
      await take(from, ip);
      await isHeld(from, ip, mac(from));
      await movesUnder(pinger, ip, async () => {
        await give(from, ip);
        await take(to, ip);
      });
      await isHeld(to, ip, mac(to));
      await eventually(async () => {
        const known = await guest(pinger).ip('neigh', 'show', 'to', ip);
        assert.match(known, new RegExp(`lladdr ${mac(to)} `));
      });
      await give(to, ip);
      await allow();
    });
  }

  it('takes a virtual MAC along', async () => {
    const up = async (n: number): Promise<void> => {
      const link = ['link', 'add', 'name', 'vrrp', 'link', 'eth0', 'address', VMAC];
      await guest(n).ip(...link, 'type', 'macvlan', 'mode', 'bridge');
      await guest(n).ip('addr', 'add', `${VIP}/32`, 'dev', 'vrrp');
      await guest(n).ip('link', 'set', 'dev', 'vrrp', 'up');
    };
    for (const n of [1, 2]) {
      // Else it answers with the MAC of the interface that the question came in at.
      await set(guest(n), 'ipv4/conf/all/arp_ignore', 1);
      await set(guest(n), 'ipv4/conf/all/rp_filter', 0);
      await set(guest(n), 'ipv4/conf/default/rp_filter', 0);
      await set(guest(n), 'ipv4/conf/eth0/rp_filter', 0);
    }
    await allow({ ip: VIP, mac: VMAC });
    await up(2);
    await isHeld(2, VIP, VMAC);
    await movesUnder(4, VIP, async () => {
      await guest(2).ip('link', 'del', 'dev', 'vrrp');
      await up(1);
    });
    await isHeld(1, VIP, VMAC);
    await guest(1).ip('link', 'del', 'dev', 'vrrp');
    await allow();
  });

  it('is found where it is already, by a question', async () => {
    await guest(1).ip('addr', 'add', ...onEth0(VIP));
    await allow({ ip: VIP, mac: '' });
    await isHeld(1, VIP, mac(1));
    await give(1, VIP);
    await allow();
  });

  it('is followed back, though VPP tells the same once in ten seconds only', async () => {
    await allow({ ip: VIP, mac: '' });
    // A broadcast that has the address as its sender, and no other.
    const uses = async (n: number): Promise<void> => {
      await guest(n).ip('addr', 'add', ...onEth0(VIP));
      await guest(n).try('ping', '-c', '1', '-W', '0.1', '-I', VIP, '10.0.0.77');
    };
    await uses(1);
    await isHeld(1, VIP, mac(1));
    for (let i = 0; i < 2; i++) {
      await give(1, VIP);
      await uses(2);
      await isHeld(2, VIP, mac(2));
      await give(2, VIP);
      await uses(1);
      await isHeld(1, VIP, mac(1));
    }
    await give(1, VIP);
    await allow();
  });

  it('is seen in a network that suppresses no ARP', async () => {
    const spec = networkSpec({ vni: 200, prefixes: ['10.0.0.0/24', 'fd00::/64'] });
    const open = { ...spec, arpSuppression: false };
    await api.virtualNetworks.create({ ...request, id: 'open', spec: open }, call);
    await attach(5, VPP, 'open');
    await applied();
    await guest(5).ip('addr', 'add', ...onEth0(VIP));
    const which = { id: 'guest-5', etag: '', validateOnly: false };
    const allowedAddresses = [{ ip: VIP, mac: '' }];
    await api.endpoints.update({ ...which, changes: { allowedAddresses } }, call);
    await isHeld(5, VIP, mac(5));
    await applied();
  });

  it('is not taken by a guest of VPP that may not have it', async () => {
    await allow({ ip: VIP, mac: '' });
    await take(2, VIP);
    await isHeld(2, VIP, mac(2));
    const which = { id: 'guest-1', etag: '', validateOnly: false };
    const allowedAddresses = [{ ip: OTHER, mac: '' }];
    await api.endpoints.update({ ...which, changes: { allowedAddresses } }, call);
    await applied();
    const before = await holding(2);
    await take(1, VIP);
    // What is told of later, and by the same way, has arrived: so has what is not taken.
    await take(1, OTHER);
    await isHeld(1, OTHER, mac(1));
    // It has not moved away and back either: that would begin its time anew.
    assert.deepEqual(await holding(2), before);
    await give(1, VIP);
    await give(1, OTHER);
    await give(2, VIP);
  });
});
