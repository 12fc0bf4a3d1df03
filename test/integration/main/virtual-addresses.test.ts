/**
 * Virtual addresses that move between guests on kernel hosts, ARP suppression on: `nfvd nva` and three `nfvd nve`.
 * The guests' own kernels send the gratuitous ARP and the advertisements.
 */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { Call } from '../../../src/model/api.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import { NvaClient } from '../../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles } from '../../support/daemon.js';
import { cable, needNetns, Netns } from '../../support/netns.js';
import { RunningPing } from '../../support/running-ping.js';
import { endpointSpec, networkSpec, nveSpec, routerSpec, subnetSpec } from '../../support/specs.js';
import { tempDir } from '../../support/temp-dir.js';
import {
  give,
  giveWithVirtualMac,
  mac,
  mayHaveVirtualMac,
  movesUnder,
  take,
  takeWithVirtualMac,
  tellsOfAddresses,
  VirtualGuests,
  VMAC,
} from '../../support/virtual-guests.js';

const endless = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, endless);
const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };
const HOSTS = ['host-0', 'host-1', 'host-2'];
const VIP = '10.0.0.100';
const VIP6 = 'fd00::100';

describe('virtual addresses between kernel hosts', function () {
  this.timeout(120_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let nva: Daemon;
  let api: NvaClient;
  let virtual: VirtualGuests;
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
    virtual = new VirtualGuests(api, ['web-1', 'web-2']);
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
    await virtual.applied();
    await away.ip('route', 'add', '10.0.0.0/24', 'via', '10.9.0.254');
    for (const guest of guests) {
      await guest.ip('route', 'add', '10.9.0.0/24', 'via', '10.0.0.254');
      await tellsOfAddresses(guest);
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

  async function attach(id: string, guest: Netns, more: Partial<EndpointSpec>): Promise<void> {
    const veth = { netns: guest.name, interface: 'eth0', hostInterface: '' };
    const port = { kind: 'veth', ...veth } as const;
    const spec = endpointSpec({ network: 'blue', port, ...more });
    await api.endpoints.create({ ...request, id, spec }, call);
  }

  function guest(n: number): Netns {
    const found = guests[n - 1];
    assert.ok(found);
    return found;
  }

  const takes = (n: number, ip: string): Promise<void> => take(guest(n), ip, mac(n));
  const gives = (n: number, ip: string): Promise<void> => give(guest(n), ip);
  const isHeld = (n: number, ip: string, with_: string): Promise<void> =>
    virtual.comesToHave(`web-${n}`, ip, with_);

  for (const ip of [VIP, VIP6]) {
    it(`${ip} is followed by those that have it in their ARP caches`, async () => {
      await virtual.allow({ ip, mac: '' });
      await takes(1, ip);
      await isHeld(1, ip, mac(1));
      await movesUnder(pinger, ip, async () => {
        await gives(1, ip);
        await takes(2, ip);
      });
      await isHeld(2, ip, mac(2));
      const known = await pinger.ip('neigh', 'show', 'to', ip);
      assert.match(known, new RegExp(`lladdr ${mac(2)} `));
      await gives(2, ip);
      await virtual.allow();
    });
  }

  it('is followed by a router, for guests of another network', async () => {
    await virtual.allow({ ip: VIP, mac: '' });
    await takes(1, VIP);
    await isHeld(1, VIP, mac(1));
    await movesUnder(away, VIP, async () => {
      await gives(1, VIP);
      await takes(2, VIP);
    });
    await isHeld(2, VIP, mac(2));
    await gives(2, VIP);
    await virtual.allow();
  });

  it('goes with another MAC of a router: guests are told, and send to it at once', async () => {
    const gatewayMac = '02:00:00:00:ff:01';
    await movesUnder(away, '10.0.0.1', async () => {
      const update = { id: 'r', etag: '', validateOnly: false };
      await api.routers.update({ ...update, changes: { gatewayMac } }, call);
      await virtual.applied();
    });
    assert.match(await away.ip('neigh', 'show', 'to', '10.9.0.254'), new RegExp(gatewayMac));
    assert.match(await guest(1).ip('neigh', 'show', 'to', '10.0.0.254'), new RegExp(gatewayMac));
  });

  it('is not all that moves: guests are told of an endpoint’s other MAC, and send to it at once', async () => {
    const other = '02:00:00:00:ff:02';
    await movesUnder(pinger, '10.0.0.1', async () => {
      const update = { id: 'web-1', etag: '', validateOnly: false };
      await api.endpoints.update({ ...update, changes: { mac: other } }, call);
      await virtual.applied();
    });
    assert.match(await pinger.ip('neigh', 'show', 'to', '10.0.0.1'), new RegExp(other));
    const back = { id: 'web-1', etag: '', validateOnly: false, changes: { mac: mac(1) } };
    await api.endpoints.update(back, call);
    await virtual.applied();
  });

  it('takes a virtual MAC along', async () => {
    for (const each of guests) await mayHaveVirtualMac(each);
    await virtual.allow({ ip: VIP, mac: VMAC });
    await takeWithVirtualMac(guest(1), VIP);
    await isHeld(1, VIP, VMAC);
    await movesUnder(pinger, VIP, async () => {
      await giveWithVirtualMac(guest(1));
      await takeWithVirtualMac(guest(2), VIP);
    });
    await isHeld(2, VIP, VMAC);
    await giveWithVirtualMac(guest(2));
    await virtual.allow();
  });

  it('is not taken by a guest that may not have it', async () => {
    await virtual.allow({ ip: VIP, mac: '' });
    await takes(1, VIP);
    await isHeld(1, VIP, mac(1));
    await virtual.allowOne('web-2');
    const ping = new RunningPing(pinger, VIP);
    await ping.goesOn(100);
    await takes(2, VIP);
    await ping.goesOn(300);
    assert.deepEqual((await ping.stop()).lost, []);
    await isHeld(1, VIP, mac(1));
  });
});
