/**
 * Virtual addresses that move between guests on kernel hosts, ARP suppression on: `nfvd nva` and three `nfvd nve`.
 * The guests' own kernels send the gratuitous ARP and the advertisements.
 */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { AllowedAddress } from '../../../src/model/allowed-address.js';
import type { Call } from '../../../src/model/api.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { cable, needNetns, Netns } from '../../support/netns.js';
import { RunningPing } from '../../support/running-ping.js';
import { endpointSpec, networkSpec, nveSpec, routerSpec, subnetSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';

const endless = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, endless);
const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };
const HOSTS = ['host-0', 'host-1', 'host-2'];
const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';
// Of VRID 51: that of VRID 1 is the MAC that routers have by default.
const VMAC = '00:00:5e:00:01:33';
/** Whoever waits for ARP to expire loses tens of thousands. */
const MAX_LOST = 1000;
const mac = (n: number): string => `02:00:00:00:00:0${n}`;

describe('virtual addresses between kernel hosts', function () {
  this.timeout(120_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let nva: Daemon;
  let api: NvaClient;
  let pinger: Netns;
  let away: Netns;
  /** The two guests that share the address. */
  let guests: readonly Netns[] = [];
  const spaces: Netns[] = [];
  const agents: Daemon[] = [];
  const errors: string[] = [];

  const space = async (): Promise<Netns> => {
    const made = await Netns.create();
    spaces.push(made);
    return made;
  };

  before(async function () {
    await needNetns(this);
    dir = tempDir();
    files = new DaemonFiles(dir.path);
    nva = await Daemon.start(['nva', '--config', files.nva()]);
    api = new NvaClient({ address: { kind: 'unix', path: files.socket() }, timeoutMs: 20_000 });
    const prefixes = ['10.0.0.0/24', 'fd00::/64'];
    const networks = { blue: networkSpec({ vni: 100, prefixes }), far: networkSpec({ vni: 200 }) };
    for (const [id, spec] of Object.entries(networks)) {
      assert.ok(spec.arpSuppression);
      await api.virtualNetworks.create({ ...request, id, spec }, call);
    }
    const near = subnetSpec({ network: 'blue', prefix: '10.0.0.0/24', gateway: '10.0.0.254' });
    const other = subnetSpec({ network: 'far', prefix: '10.9.0.0/24', gateway: '10.9.0.254' });
    await api.subnets.create({ ...request, id: 'near', spec: near }, call);
    await api.subnets.create({ ...request, id: 'other', spec: other }, call);
    const router = routerSpec({ subnets: ['near', 'other'] });
    await api.routers.create({ ...request, id: 'r', spec: router }, call);
    const wire = await space();
    await wire.ip('link', 'add', 'name', 'wire', 'up', 'type', 'bridge', 'stp_state', '0');
    for (const [i, name] of HOSTS.entries()) {
      const host = await space();
      await cable([host, 'u0'], [wire, `to${i}`]);
      await wire.ip('link', 'set', 'dev', `to${i}`, 'master', 'wire');
      await host.ip('addr', 'add', `192.0.2.${i + 1}/24`, 'dev', 'u0');
      const spec = nveSpec([`192.0.2.${i + 1}`]);
      await api.nves.create({ ...request, id: name, spec }, call);
      agents.push(await Daemon.start(['nve', '--config', files.nve(name)], host));
    }
    [pinger, away, guests] = [await space(), await space(), [await space(), await space()]];
    await attach('pinger', pinger, { nve: 'host-0', mac: mac(3), ips: ['10.0.0.3', 'fd00::3'] });
    await attach('away', away, { network: 'far', nve: 'host-0', mac: mac(4), ips: ['10.9.0.4'] });
    for (const [i, guest] of guests.entries()) {
      const n = i + 1;
      const ips = [`10.0.0.${n}`, `fd00::${n}`];
      await attach(`web-${n}`, guest, { nve: `host-${n}`, mac: mac(n), ips });
    }
    await applied();
    await away.ip('route', 'add', '10.0.0.0/24', 'via', '10.9.0.254');
    for (const guest of guests) {
      await guest.ip('route', 'add', '10.9.0.0/24', 'via', '10.0.0.254');
      // Its kernel tells of its addresses when the interface comes up, or its MAC is set.
      for (const each of ['all', 'default', 'eth0']) {
        await set(guest, `ipv4/conf/${each}/arp_notify`, 1);
        await set(guest, `ipv6/conf/${each}/ndisc_notify`, 1);
        await set(guest, `ipv4/conf/${each}/rp_filter`, 0);
      }
    }
  });

  after(async () => {
    // Nothing was begun where there are no namespaces.
    if (agents.length === 0) return;
    api.close();
    for (const daemon of [...agents, nva]) {
      await daemon.stop('SIGKILL');
      errors.push(daemon.err);
    }
    for (const each of spaces) await each.close();
    dir.remove();
    assert.equal(errors.join(''), '');
  });

  async function set(guest: Netns, name: string, value: number): Promise<void> {
    await guest.run('sh', '-c', `echo ${value} > /proc/sys/net/${name}`);
  }

  async function attach(id: string, guest: Netns, more: Partial<EndpointSpec>): Promise<void> {
    const veth = { netns: guest.name, interface: 'eth0', hostInterface: '' };
    const port = { kind: 'veth', ...veth } as const;
    const spec = endpointSpec({ network: 'blue', port, ...more });
    await api.endpoints.create({ ...request, id, spec }, call);
  }

  async function applied(): Promise<void> {
    const { laggards } = await api.waitApplied({ revision: 0, timeoutMs: 15_000 }, call);
    assert.deepEqual(laggards, []);
  }

  async function allow(...allowedAddresses: AllowedAddress[]): Promise<void> {
    for (const id of ['web-1', 'web-2']) {
      const which = { id, etag: '', validateOnly: false };
      await api.endpoints.update({ ...which, changes: { allowedAddresses } }, call);
    }
    await applied();
  }

  function guest(n: number): Netns {
    const found = guests[n - 1];
    assert.ok(found);
    return found;
  }

  const onEth0 = (ip: string): string[] => [
    `${ip}/${ip.includes(':') ? 128 : 32}`,
    ...['dev', 'eth0'],
    ...(ip.includes(':') ? ['nodad'] : []),
  ];
  async function take(n: number, ip: string): Promise<void> {
    await guest(n).ip('addr', 'add', ...onEth0(ip));
    await guest(n).ip('link', 'set', 'dev', 'eth0', 'address', mac(n));
  }
  async function give(n: number, ip: string): Promise<void> {
    await guest(n).ip('addr', 'del', ...onEth0(ip).slice(0, 3));
  }
  const isHeld = (n: number, ip: string, with_: string): Promise<void> =>
    eventually(async () => {
      const { held } = (await api.endpoints.get(`web-${n}`, call)).status;
      assert.deepEqual(
        held.map((each) => [each.ip, each.mac]),
        [[ip, with_]],
      );
    }, 15_000);

  /** Pings on while the address moves from the first guest to the second; told how long that took. */
  async function movesUnder(from: Netns, ip: string, move: () => Promise<void>): Promise<void> {
    const ping = new RunningPing(from, ip);
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

  for (const ip of [VIP, VIP6]) {
    it(`${ip} is followed by those that have it in their ARP caches`, async () => {
      await allow({ ip, mac: '' });
      await take(1, ip);
      await isHeld(1, ip, mac(1));
      await movesUnder(pinger, ip, async () => {
        await give(1, ip);
        await take(2, ip);
      });
      await isHeld(2, ip, mac(2));
      const known = await pinger.ip('neigh', 'show', 'to', ip);
      assert.match(known, new RegExp(`lladdr ${mac(2)} `));
      await give(2, ip);
      await allow();
    });
  }

  it('is followed by a router, for guests of another network', async () => {
    await allow({ ip: VIP, mac: '' });
    await take(1, VIP);
    await isHeld(1, VIP, mac(1));
    await movesUnder(away, VIP, async () => {
      await give(1, VIP);
      await take(2, VIP);
    });
    await isHeld(2, VIP, mac(2));
    await give(2, VIP);
    await allow();
  });

  it('takes a virtual MAC along', async () => {
    const up = async (n: number): Promise<void> => {
      const link = ['link', 'add', 'name', 'vrrp', 'link', 'eth0', 'address', VMAC];
      await guest(n).ip(...link, 'type', 'macvlan', 'mode', 'bridge');
      await guest(n).ip('addr', 'add', `${VIP}/32`, 'dev', 'vrrp');
      await guest(n).ip('link', 'set', 'dev', 'vrrp', 'up');
    };
    // Else it answers with the MAC of the interface that the question came in at.
    for (const n of [1, 2]) await set(guest(n), 'ipv4/conf/all/arp_ignore', 1);
    await allow({ ip: VIP, mac: VMAC });
    await up(1);
    await isHeld(1, VIP, VMAC);
    await movesUnder(pinger, VIP, async () => {
      await guest(1).ip('link', 'del', 'dev', 'vrrp');
      await up(2);
    });
    await isHeld(2, VIP, VMAC);
    await guest(2).ip('link', 'del', 'dev', 'vrrp');
    await allow();
  });

  it('is not taken by a guest that may not have it', async () => {
    await allow({ ip: VIP, mac: '' });
    await take(1, VIP);
    await isHeld(1, VIP, mac(1));
    const which = { id: 'web-2', etag: '', validateOnly: false };
    await api.endpoints.update({ ...which, changes: { allowedAddresses: [] } }, call);
    await applied();
    const ping = new RunningPing(pinger, VIP);
    await ping.goesOn(100);
    await take(2, VIP);
    await ping.goesOn(300);
    assert.deepEqual((await ping.stop()).lost, []);
    await isHeld(1, VIP, mac(1));
  });
});
