/** Networks that are a VLAN of an uplink: devices of net/8021q, where the kernel has it. */
import assert from 'node:assert/strict';
import type { Payload } from '../../../../src/model/item.js';
import { LinuxHost } from '../../../support/linux-host.js';
import { providerNetwork, vethPort } from '../../../support/linux-items.js';
import { cable, needNetns, Netns } from '../../../support/netns.js';
import { skip } from '../../../support/skip.js';
import { hasVlans } from '../../../support/vlans.js';

const UPLINK = 'phy0';
const VNIS = [7150, 7151] as const;
const VLANS = [100, 200] as const;
const NVE = '192.0.2.7';

const ipOf = (vlan: number, host: number): string => `192.168.${vlan}.${host + 1}`;
const macOf = (vlan: number, host: number): string =>
  `02:00:00:00:${vlan === 100 ? 1 : 2}0:0${host}`;
const pings = async (from: Netns, to: string, ...more: string[]): Promise<boolean> =>
  (await from.try('ping', '-c', '1', '-W', '1', ...more, to)).code === 0;

describe('kernel dataplane: provider networks on VLANs', function () {
  this.timeout(120_000);
  let able: boolean;
  let hosts: LinuxHost[] = [];
  const spaces: Netns[] = [];
  /** By host, then VLAN. */
  const guests: Netns[][] = [];
  let machine: Netns;

  const host = (n: number): LinuxHost => hosts[n] ?? assert.fail('no such host');
  const guest = (n: number, vlan: number): Netns =>
    guests[n]?.[vlan] ?? assert.fail('no such guest');
  const space = async (): Promise<Netns> => {
    const made = await Netns.create();
    spaces.push(made);
    return made;
  };
  const wanted = (n: number): Payload[] =>
    VLANS.flatMap((vlan, i): Payload[] => {
      const vni = VNIS[i] ?? 0;
      const addresses = [`${ipOf(vlan, n)}/24`];
      const { name } = guest(n, i);
      return [
        ...providerNetwork(vni, { vlan, mtu: 1496 }),
        vethPort(`guest-${n}-${i}`, vni, macOf(vlan, n), name, { addresses, mtu: 1496 }),
      ];
    });
  const both = async (): Promise<void> => {
    for (const n of [0, 1]) await host(n).converge(wanted(n));
  };

  before(async function () {
    await needNetns(this);
    able = await hasVlans();
    const wire = await space();
    machine = await space();
    await wire.ip('link', 'add', 'name', 'switch', 'up', 'type', 'bridge');
    await cable([machine, 'eth0'], [wire, 'm0']);
    await wire.ip('link', 'set', 'dev', 'm0', 'master', 'switch');
    for (const n of [0, 1]) {
      const made = await LinuxHost.create({ providers: `physnet1=${UPLINK}`, stallMs: 60_000 });
      hosts.push(made);
      guests.push([await space(), await space()]);
      await cable([made.ns, UPLINK], [wire, `h${n}`]);
      await wire.ip('link', 'set', 'dev', `h${n}`, 'master', 'switch');
      // A host's own address does not keep it from VLANs.
      await made.ns.ip('addr', 'add', `192.0.2.${n + 7}/24`, 'dev', UPLINK);
    }
    if (!able) return;
    const device = ['link', 'add', 'link', 'eth0', 'name', 'eth0.100', 'up', 'type', 'vlan'];
    await machine.ip(...device, 'id', '100');
    await machine.ip('addr', 'add', `${ipOf(100, 9)}/24`, 'dev', 'eth0.100');
  });

  after(async () => {
    for (const each of hosts) await each.close();
    for (const each of spaces) await each.close();
    hosts = [];
  });

  afterEach(async () => {
    for (const each of hosts) await each.converge([], 'all');
  });

  const needVlans = (context: Mocha.Context): void => {
    if (!able) skip(context, 'this kernel has no 8021q');
  };

  it('are told of, or that the kernel has none', async () => {
    const { answer } = host(0).ask({ method: 'capabilities' });
    const reply = await answer;
    assert.ok(reply.method === 'capabilities');
    assert.deepEqual(reply.value.providers, [
      { name: 'physnet1', interface: UPLINK, mtu: 1500, vlans: able },
    ]);
  });

  it('are refused where the kernel has none, and nothing is left', async function () {
    if (able) skip(this, 'this kernel has 8021q');
    const [domain, port] = providerNetwork(VNIS[0], { vlan: 100 });
    await assert.rejects(host(0).converge([domain, port]), {
      code: 'ITEM_UNSUPPORTED',
      message: 'this kernel has no VLAN devices',
    });
    const links = await host(0).ns.json('ip', 'link', 'show');
    assert.ok(links.every(({ ifname }) => !String(ifname).startsWith('nfvu')));
  });

  it('carry packets of full size to their own, and to nobody else', async function () {
    needVlans(this);
    await both();
    const whole = ['-M', 'do', '-s', String(1496 - 28)];
    for (const [i, vlan] of VLANS.entries()) {
      assert.ok(await pings(guest(0, i), ipOf(vlan, 1), ...whole), String(vlan));
    }
    assert.ok(await pings(guest(0, 0), ipOf(100, 9)));
    assert.ok(await pings(machine, ipOf(100, 1)));
    // On the other VLAN nobody has it, whatever the address.
    await guest(0, 1).ip('addr', 'add', `${ipOf(100, 5)}/24`, 'dev', 'eth0');
    assert.equal(await pings(guest(0, 1), ipOf(100, 9), '-W', '0.4'), false);
    await guest(0, 1).ip('addr', 'del', `${ipOf(100, 5)}/24`, 'dev', 'eth0');
    // The uplink goes on for the host.
    assert.ok(await pings(host(1).ns, NVE));
  });

  it('lose no packet while the agent starts anew', async function () {
    needVlans(this);
    await both();
    const pinging = guest(0, 0).run('ping', '-i', '0.01', '-c', '150', '-W', '1', ipOf(100, 9));
    await host(0).restart();
    assert.deepEqual(await host(0).converge(wanted(0), 'all'), []);
    assert.match(await pinging, / 0% packet loss/);
  });

  for (const [what, spoil] of [
    ['was deleted', ['link', 'del', 'dev', 'nfvu7150']],
    ['was taken out of its bridge', ['link', 'set', 'dev', 'nfvu7150', 'nomaster']],
    ['was set down', ['link', 'set', 'dev', 'nfvu7150', 'down']],
    ['has another MTU', ['link', 'set', 'dev', 'nfvu7150', 'mtu', '1400']],
    ['has an uplink that was set down', ['link', 'set', 'dev', UPLINK, 'down']],
  ] as const) {
    it(`are mended where a device ${what}`, async function () {
      needVlans(this);
      await both();
      await host(0).ns.ip(...spoil);
      await host(0).reconcile(wanted(0));
      assert.ok(await pings(guest(0, 0), ipOf(100, 9)));
    });
  }

  it('are made anew for another VLAN, and leave nothing', async function () {
    needVlans(this);
    await host(0).converge(providerNetwork(VNIS[0], { vlan: 100 }));
    await host(0).converge(providerNetwork(VNIS[0], { vlan: 300 }));
    const [link] = await host(0).ns.json('ip', 'link', 'show', 'type', 'vlan');
    assert.equal(link?.['ifalias'], `nfvd:provider/${VNIS[0]}@physnet1.300.u`);
    await host(0).converge([], 'all');
    assert.deepEqual(await host(0).ns.json('ip', 'link', 'show', 'type', 'vlan'), []);
  });

  it('leave alone a device that somebody else has for the VLAN', async function () {
    needVlans(this);
    const { ns } = host(0);
    await ns.ip('link', 'add', 'link', UPLINK, 'name', 'theirs', 'type', 'vlan', 'id', '100');
    await assert.rejects(host(0).converge(providerNetwork(VNIS[0], { vlan: 100 })), {
      code: 'FOREIGN_OBJECT',
      message: `${UPLINK} has VLAN 100 already, not ours`,
    });
    const links = await ns.json('ip', 'link', 'show', 'type', 'vlan');
    assert.deepEqual(
      links.map((each) => each['ifname']),
      ['theirs'],
    );
    await ns.ip('link', 'del', 'dev', 'theirs');
  });
});
