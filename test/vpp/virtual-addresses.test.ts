/**
 * Virtual addresses that move between a guest on a VPP and one on a kernel: `nfvd nva` and three `nfvd nve`, real
 * packets, ARP suppression on. The guests' own kernels send the gratuitous ARP and the advertisements.
 */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { Call } from '../../src/model/api.js';
import type { EndpointSpec } from '../../src/model/endpoint.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { cable, exec, needNetns, Netns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { endpointSpec, networkSpec, nveSpec } from '../support/specs.js';
import { tempDir } from '../support/temp-dir.js';
import {
  give,
  giveWithVirtualMac,
  mac,
  mayHaveVirtualMac,
  movesUnder,
  onEth0,
  take,
  takeWithVirtualMac,
  tellsOfAddresses,
  VirtualGuests,
  VMAC,
} from '../support/virtual-guests.js';

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
/** Guests 1 and 2, on VPP and on a kernel, share the address; 3, on a kernel, and 4, on VPP, know it. */
const GUESTS = new Map([
  [1, VPP],
  [2, KERNEL],
  [3, 0],
  [4, VPP],
]);

describe('virtual addresses between a VPP and kernels', function () {
  this.timeout(120_000);
  const found = findVpp();
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let vpp: RealVpp | undefined;
  let nva: Daemon;
  let api: NvaClient;
  let virtual: VirtualGuests;
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
    virtual = new VirtualGuests(api, ['guest-1', 'guest-2']);
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
    await virtual.applied();
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
    await tellsOfAddresses(own);
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

  const guest = (n: number): Netns => guests.get(n) ?? assert.fail();
  const takes = (n: number, ip: string): Promise<void> => take(guest(n), ip, mac(n));
  const gives = (n: number, ip: string): Promise<void> => give(guest(n), ip);
  const isHeld = (n: number, ip: string, with_: string): Promise<void> =>
    virtual.comesToHave(`guest-${n}`, ip, with_);

  for (const [ip, from, to, pinger, where] of [
    [VIP, 1, 2, 3, 'from VPP to a kernel, seen from a kernel'],
    [VIP, 1, 2, 4, 'from VPP to a kernel, seen from VPP'],
    [VIP, 2, 1, 3, 'from a kernel to VPP, seen from a kernel'],
    [VIP, 2, 1, 4, 'from a kernel to VPP, seen from VPP'],
    [VIP6, 1, 2, 4, 'from VPP to a kernel, seen from VPP'],
    [VIP6, 2, 1, 3, 'from a kernel to VPP, seen from a kernel'],
  ] as const) {
    it(`${ip} moves ${where}`, async () => {
      await virtual.allow({ ip, mac: '' });
      await takes(from, ip);
      await isHeld(from, ip, mac(from));
      await movesUnder(guest(pinger), ip, async () => {
        await gives(from, ip);
        await takes(to, ip);
      });
      await isHeld(to, ip, mac(to));
      await eventually(async () => {
        const known = await guest(pinger).ip('neigh', 'show', 'to', ip);
        assert.match(known, new RegExp(`lladdr ${mac(to)} `));
      });
      await gives(to, ip);
      await virtual.allow();
    });
  }

  it('takes a virtual MAC along', async () => {
    for (const n of [1, 2]) await mayHaveVirtualMac(guest(n));
    await virtual.allow({ ip: VIP, mac: VMAC });
    await takeWithVirtualMac(guest(2), VIP);
    await isHeld(2, VIP, VMAC);
    await movesUnder(guest(4), VIP, async () => {
      await giveWithVirtualMac(guest(2));
      await takeWithVirtualMac(guest(1), VIP);
    });
    await isHeld(1, VIP, VMAC);
    await giveWithVirtualMac(guest(1));
    await virtual.allow();
  });

  it('takes a virtual MAC along in a network that learns, where VPP has it at one place', async () => {
    const learning = async (on: boolean): Promise<void> => {
      const which = { id: 'blue', etag: '', validateOnly: false };
      await api.virtualNetworks.update({ ...which, changes: { learning: on } }, call);
    };
    await learning(true);
    await virtual.allow({ ip: VIP, mac: VMAC });
    for (const n of [1, 4, 2, 4]) {
      if (n === 4) await virtual.allowOne('guest-4', { ip: VIP, mac: VMAC });
      await mayHaveVirtualMac(guest(n));
      await takeWithVirtualMac(guest(n), VIP);
      await isHeld(n, VIP, VMAC);
      await eventually(async () => (await guest(3).try('ping', '-c1', '-W1', VIP)).code === 0);
      await giveWithVirtualMac(guest(n));
    }
    await virtual.allow();
    await virtual.allowOne('guest-4');
    await learning(false);
    await virtual.applied();
  });

  it('is found where it is already, by a question', async () => {
    await guest(1).ip('addr', 'add', ...onEth0(VIP));
    await virtual.allow({ ip: VIP, mac: '' });
    await isHeld(1, VIP, mac(1));
    await gives(1, VIP);
    await virtual.allow();
  });

  it('is followed back, though VPP tells the same once in ten seconds only', async () => {
    await virtual.allow({ ip: VIP, mac: '' });
    // A broadcast that has the address as its sender, and no other. Nobody has what is looked for, which is another
    // each time: a kernel that still waits for an answer about the last does not ask again.
    let wanted = 200;
    const uses = async (n: number): Promise<void> => {
      await guest(n).ip('addr', 'add', ...onEth0(VIP));
      await guest(n).try('ping', '-c', '1', '-W', '0.1', '-I', VIP, `10.0.0.${wanted++}`);
    };
    await uses(1);
    await isHeld(1, VIP, mac(1));
    for (let i = 0; i < 2; i++) {
      await gives(1, VIP);
      await uses(2);
      await isHeld(2, VIP, mac(2));
      await gives(2, VIP);
      await uses(1);
      await isHeld(1, VIP, mac(1));
    }
    await gives(1, VIP);
    await virtual.allow();
  });

  it('is seen in a network that suppresses no ARP', async () => {
    const spec = networkSpec({ vni: 200, prefixes: ['10.0.0.0/24', 'fd00::/64'] });
    const open = { ...spec, arpSuppression: false };
    await api.virtualNetworks.create({ ...request, id: 'open', spec: open }, call);
    await attach(5, VPP, 'open');
    await virtual.applied();
    await guest(5).ip('addr', 'add', ...onEth0(VIP));
    await virtual.allowOne('guest-5', { ip: VIP, mac: '' });
    await isHeld(5, VIP, mac(5));
    await virtual.applied();
  });

  it('is not taken by a guest of VPP that may not have it', async () => {
    await virtual.allow({ ip: VIP, mac: '' });
    await takes(2, VIP);
    await isHeld(2, VIP, mac(2));
    await virtual.allowOne('guest-1', { ip: OTHER, mac: '' });
    const before = await virtual.held('guest-2');
    await takes(1, VIP);
    // What is told of later, and by the same way, has arrived: so has what is not taken.
    await takes(1, OTHER);
    await isHeld(1, OTHER, mac(1));
    // It has not moved away and back either: that would begin its time anew.
    assert.deepEqual(await virtual.held('guest-2'), before);
    await gives(1, VIP);
    await gives(1, OTHER);
    await gives(2, VIP);
  });
});
