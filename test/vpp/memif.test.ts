/** Two real VPPs, each driven by an agent's dataplane, with a memif between them: pings go through. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Payload } from '../../src/model/item.js';
import { NEW_MEMIF, type MemifPort } from '../../src/model/vpp-ports.js';
import { eventually } from '../support/eventually.js';
import { domain, macOf, vtepItem } from '../support/linux-items.js';
import { cable, needNetns, Netns } from '../support/netns.js';
import { PortFiles } from '../support/port-files.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { VppDataplaneRig } from '../support/vpp-dataplane-rig.js';
import { ALL_INTERFACES } from '../support/vpp-under-test.js';

const VNI = 10;
const L = '10.9.0.1';
const UPLINK = { interface: 'loop0', addresses: [`${L}/24`], mtu: 1500, routes: [] };
const SECRET = 'open sesame';

/** A VPP with an interface of a kernel and one end of the memif, in one network. */
class Side {
  private constructor(
    readonly number: number,
    readonly vpp: RealVpp,
    readonly rig: VppDataplaneRig,
    readonly host: Netns,
    readonly guest: Netns,
  ) {}

  static async create(number: number, files: PortFiles, vppIn: (netns: string) => RealVpp) {
    const host = await Netns.create();
    const guest = await Netns.create();
    await cable([host, 'g0'], [guest, 'eth0'], 1500);
    await guest.ip('link', 'set', 'dev', 'eth0', 'address', macOfSide(number));
    await guest.ip('addr', 'add', `${ipOf(number)}/24`, 'dev', 'eth0');
    const vpp = vppIn(host.name);
    await vpp.start();
    const rig = await VppDataplaneRig.create(vpp, [UPLINK], files);
    const side = new Side(number, vpp, rig, host, guest);
    await side.ready();
    return side;
  }

  async ready(): Promise<void> {
    await this.rig.ready();
    await this.rig.client.request('create_loopback_instance', {
      mac_address: '00:00:00:00:00:00',
      is_specified: true,
      user_instance: 0,
    });
  }

  converge(port: MemifPort): Promise<void> {
    const common = { kind: 'port', vni: VNI, addresses: [], adminUp: true, mtu: 1500 } as const;
    const nic = { kind: 'host_interface', interface: 'g0' } as const;
    const [own, other] = [macOfSide(this.number), macOfSide(1 - this.number)];
    const items: Payload[] = [
      vtepItem(L),
      domain(VNI, L, { arpSuppression: false }),
      { ...common, endpoint: 'kernel', mac: own, port: nic },
      { ...common, endpoint: 'peer', mac: other, port },
      macOf(VNI, own, 'kernel'),
      macOf(VNI, other, 'peer'),
    ];
    return this.rig.converge(items);
  }

  async restart(): Promise<void> {
    await this.vpp.kill();
    await eventually(() => this.rig.client.state !== 'ready');
    await this.vpp.start();
    await this.ready();
  }

  async pings(...words: string[]): Promise<boolean> {
    const args = ['-c', '1', '-W', '1', ...words, ipOf(1 - this.number)];
    return (await this.guest.try('ping', ...args)).code === 0;
  }

  async shown(): Promise<string> {
    return (await this.rig.client.request('cli_inband', { cmd: 'show memif' })).reply;
  }

  async close(): Promise<void> {
    await this.rig.close();
    await this.vpp.remove();
    await this.guest.close();
    await this.host.close();
  }
}

const macOfSide = (number: number): string => `02:00:00:00:00:0${number + 1}`;
const ipOf = (number: number): string => `192.168.7.${number + 1}`;

describe('memif between two VPPs', function () {
  this.timeout(120_000);
  const found = findVpp();
  const files = new PortFiles();
  const sides: Side[] = [];
  const master: MemifPort = {
    ...NEW_MEMIF,
    socket: files.socket('memif'),
    id: 7,
    ringSize: 512,
    bufferSize: 4096,
    secretName: 'both',
  };
  const slave: MemifPort = { ...master, role: 'SLAVE' };

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    files.writeSecret('both', SECRET);
    files.writeSecret('other', 'shut');
    for (const number of [0, 1]) {
      sides.push(await Side.create(number, files, (netns) => new RealVpp(found, { netns })));
    }
  });
  after(async () => {
    for (const side of sides) await side.close();
    files.remove();
  });

  const side = (number: number): Side => sides[number] ?? assert.fail();

  it('carries frames both ways, also the largest', async () => {
    await side(0).converge(master);
    await side(1).converge(slave);
    await eventually(() => side(0).pings(), 20_000);
    assert.ok(await side(1).pings('-M', 'do', '-s', '1472'));
  });

  it('has the rings and buffers that the slave was given', async () => {
    for (const each of [side(0), side(1)]) {
      const text = await each.shown();
      assert.equal(text.match(/ ring-size 512 /g)?.length, 2, text);
    }
    assert.match(await side(1).shown(), /buffer-size 4096/);
  });

  it('tells the secret to nobody', async () => {
    const { client, dataplane, signal } = side(0).rig;
    const dumps = await Promise.all([
      client.dump('sw_interface_dump', ALL_INTERFACES),
      client.dump('memif_dump', {}),
      dataplane.capabilities(signal),
    ]);
    const said = [JSON.stringify(dumps), await side(0).shown(), side(0).vpp.log()].join('\n');
    assert.match(said, /nfvd:port\/peer=nCRAA[\w-]{7}"/);
    assert.ok(!said.includes(SECRET), said);
  });

  it('carries nothing with another secret, and again with the right one', async () => {
    await side(1).converge({ ...slave, secretName: 'other' });
    assert.ok(!(await side(0).pings()));
    await side(1).converge(slave);
    await eventually(() => side(0).pings(), 20_000);
  });

  for (const [title, number] of [
    ['the master', 0],
    ['the slave', 1],
  ] as const) {
    it(`carries again what it carried when ${title} was killed`, async () => {
      await side(number).restart();
      await side(number).converge(number === 0 ? master : slave);
      await eventually(() => side(0).pings(), 30_000);
      assert.ok(await side(1).pings());
    });
  }

  it('changes roles', async () => {
    await side(0).converge({ ...slave, socket: files.socket('memif2') });
    await side(1).converge({ ...master, socket: files.socket('memif2') });
    await eventually(() => side(0).pings(), 30_000);
    assert.ok(existsSync(files.socket('memif2')));
  });
});
