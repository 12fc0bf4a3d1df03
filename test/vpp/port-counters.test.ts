/**
 * What `nfvctl counters` says of ports of a real VPP, beside the frames that guests sent and what VPP's own
 * command line shows. NVA and agent are processes, as an operator starts them.
 */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { z } from 'zod';
import type { Call } from '../../src/model/api.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { runProgram } from '../support/child.js';
import { Daemon, DaemonFiles } from '../support/daemon.js';
import { eventually } from '../support/eventually.js';
import { cable, needNetns, Netns } from '../support/netns.js';
import { libraryOrSkip, findVpp, RealVpp } from '../support/real-vpp.js';
import { endpointSpec, networkSpec, nveSpec } from '../support/specs.js';
import { tempDir } from '../support/temp-dir.js';

const VTEP = '192.0.2.1';
const VNI = 100;
const MTU = 1450;
const BROADCAST = '10.0.0.255';
const GUESTS = ['a', 'b'] as const;
type Guest = (typeof GUESTS)[number];
const MAC = { a: '02:00:00:00:00:0a', b: '02:00:00:00:00:0b' } as const;
const IP = { a: '10.0.0.1', b: '10.0.0.2' } as const;
/** Ethernet, IPv4 and ICMP before the data of a ping. */
const HEADERS = 14 + 20 + 8;

const Answer = z.object({
  counters: z.array(
    z.object({
      endpoint: z.string(),
      counters: z.object({
        rxPackets: z.number(),
        rxBytes: z.number(),
        txPackets: z.number(),
        txBytes: z.number(),
        drops: z.number(),
      }),
    }),
  ),
});
type Counted = z.infer<typeof Answer>['counters'][number]['counters'];
const NOTHING: Counted = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: 0 };

const endless = new AbortController().signal;
setMaxListeners(0, endless);
const call: Call = { signal: endless };
const request = { requestId: '', validateOnly: false };

describe('counters of ports of a real VPP', function () {
  this.timeout(120_000);
  let vpp: RealVpp;
  let files: DaemonFiles;
  let api: NvaClient;
  const spaces = new Map<Guest | 'host', Netns>();
  const ends: (() => unknown)[] = [];
  const space = (name: Guest | 'host'): Netns => spaces.get(name) ?? assert.fail();

  before(async function () {
    const { found, library } = await libraryOrSkip(this, findVpp());
    await needNetns(this);
    const dir = tempDir();
    ends.push(() => {
      dir.remove();
    });
    for (const name of ['host', ...GUESTS] as const) await addSpace(name);
    for (const name of GUESTS) await plug(name);
    vpp = new RealVpp(found, { netns: space('host').name });
    ends.push(() => vpp.remove());
    await startVpp();
    files = new DaemonFiles(dir.path);
    await startDaemons(library);
    await createNetwork();
    await eventually(isActive, 20_000);
  });
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  /** Nothing but what the test sends: the kernel has words of its own in IPv6. */
  async function addSpace(name: Guest | 'host'): Promise<void> {
    const made = await Netns.create();
    ends.push(() => made.close());
    spaces.set(name, made);
    for (const which of ['all', 'default']) {
      await made.run('sysctl', '-qw', `net.ipv6.conf.${which}.disable_ipv6=1`);
    }
  }

  /** Interface, address, and the other's MAC, which nobody needs to ask for. */
  async function plug(name: Guest): Promise<void> {
    const guest = space(name);
    const other = name === 'a' ? 'b' : 'a';
    await cable([space('host'), `p-${name}`], [guest, 'eth0'], MTU);
    await guest.ip('link', 'set', 'dev', 'eth0', 'address', MAC[name]);
    await guest.ip('addr', 'add', `${IP[name]}/24`, 'broadcast', BROADCAST, 'dev', 'eth0');
    const neighbor = ['lladdr', MAC[other], 'dev', 'eth0', 'nud', 'permanent'];
    await guest.ip('neigh', 'add', IP[other], ...neighbor);
  }

  /** With what the uplink is on. */
  async function startVpp(): Promise<void> {
    await vpp.start();
    await vpp.vppctl('create', 'loopback', 'interface', 'instance', '0');
  }

  async function startDaemons(library: string): Promise<void> {
    const daemons = [await Daemon.start(['nva', '--config', files.nva()])];
    const { path: socket, statsPath: statsSocket } = vpp;
    const uplinks = [{ interface: 'loop0', addresses: [`${VTEP}/24`] }];
    const config = { dataplane: 'vpp', vpp: { socket, statsSocket, library, uplinks } };
    const agent = ['nve', '--config', files.nve('host-a', config)];
    daemons.push(await Daemon.start(agent, space('host')));
    ends.push(async () => {
      for (const daemon of daemons.reverse()) await daemon.stop('SIGKILL');
      assert.equal(daemons.map(({ err }) => err).join(''), '');
    });
    api = new NvaClient({ address: { kind: 'unix', path: files.socket() }, timeoutMs: 20_000 });
    ends.push(() => {
      api.close();
    });
  }

  async function createNetwork(): Promise<void> {
    await api.nves.create({ ...request, id: 'host-a', spec: nveSpec([VTEP]) }, call);
    const network = networkSpec({ vni: VNI, mtu: MTU, prefixes: ['10.0.0.0/24'] });
    await api.virtualNetworks.create({ ...request, id: 'blue', spec: network }, call);
    for (const id of GUESTS) {
      const port = { kind: 'host_interface', interface: `p-${id}` } as const;
      const own = { network: 'blue', nve: 'host-a', mac: MAC[id], ips: [IP[id]], port };
      await api.endpoints.create({ ...request, id, spec: endpointSpec(own) }, call);
    }
  }

  async function isActive(): Promise<boolean> {
    const all = await Promise.all(GUESTS.map((id) => api.endpoints.get(id, call)));
    return all.every(({ status }) => status.state === 'ACTIVE');
  }

  async function counted(): Promise<Record<string, Counted>> {
    const words = ['-s', `unix:${files.socket()}`, 'counters', ...GUESTS, '-o', 'json'];
    const { status, out, err } = await runProgram(words);
    assert.deepEqual([status, err], [0, '']);
    const { counters } = Answer.parse(JSON.parse(out));
    return Object.fromEntries(counters.map((each) => [each.endpoint, each.counters]));
  }

  /** Waits for what is still on its way between VPP and a guest. */
  async function becomes(wanted: Record<Guest, Counted>): Promise<void> {
    await eventually(async () => {
      assert.deepEqual(await counted(), wanted);
      return true;
    });
    const shown = shownBy(await vpp.vppctl('show', 'interface'));
    for (const id of GUESTS) assert.deepEqual(shown.get(`host-p-${id}`), wanted[id]);
  }

  it('are of nothing before anybody has sent anything', async () => {
    await becomes({ a: NOTHING, b: NOTHING });
  });

  it('are the packets and bytes that were sent, each way', async () => {
    const frame = (data: number, count: number): readonly [packets: number, bytes: number] => [
      count,
      count * (HEADERS + data),
    ];
    const ping = (data: number, count: number, ...more: string[]): Promise<unknown> =>
      space('a').try('ping', '-i', '0.01', '-s', String(data), '-c', String(count), ...more);
    await ping(1000, 20, IP.b);
    // To all, which nobody answers (net.ipv4.icmp_echo_ignore_broadcasts).
    await ping(100, 7, '-W', '0.1', '-b', BROADCAST);
    const [answers, answerBytes] = frame(1000, 20);
    const [broadcasts, broadcastBytes] = frame(100, 7);
    const sent = { packets: answers + broadcasts, bytes: answerBytes + broadcastBytes };
    const a = {
      rxPackets: sent.packets,
      rxBytes: sent.bytes,
      txPackets: answers,
      txBytes: answerBytes,
      drops: 0,
    };
    const b = {
      rxPackets: answers,
      rxBytes: answerBytes,
      txPackets: sent.packets,
      txBytes: sent.bytes,
      drops: 0,
    };
    await becomes({ a, b });
  });

  it('have what VPP dropped: frames to where they came from', async () => {
    const before = await counted();
    const a = before['a'] ?? assert.fail();
    await space('a').ip('neigh', 'replace', '10.0.0.9', 'lladdr', MAC.a, 'dev', 'eth0');
    await space('a').try('ping', '-c', '1', '-W', '0.1', '-s', '200', '10.0.0.9');
    const more = { rxPackets: a.rxPackets + 1, rxBytes: a.rxBytes + HEADERS + 200, drops: 1 };
    await becomes({ a: { ...a, ...more }, b: before['b'] ?? assert.fail() });
  });

  it('are of the new VPP when the old one was killed', async () => {
    await vpp.kill();
    await eventually(async () => !(await isConnected()), 20_000);
    await startVpp();
    await eventually(isConnected, 20_000);
    await eventually(async () => {
      assert.deepEqual(await counted(), { a: NOTHING, b: NOTHING });
      return true;
    }, 20_000);
    await space('a').try('ping', '-c', '1', '-s', '1000', IP.b);
    const both = { rxPackets: 1, rxBytes: 1042, txPackets: 1, txBytes: 1042, drops: 0 };
    await becomes({ a: both, b: both });
  });

  async function isConnected(): Promise<boolean> {
    const { status } = await api.nves.get('host-a', call);
    return status.dataplane?.session === 'CONNECTED';
  }
});

/** Of `show interface`: an interface's own line has its first counter, the lines below it the others. */
function shownBy(text: string): ReadonlyMap<string, Counted> {
  const found = new Map<string, Counted>();
  const counters = {
    'rx packets': 'rxPackets',
    'rx bytes': 'rxBytes',
    'tx packets': 'txPackets',
    'tx bytes': 'txBytes',
    drops: 'drops',
  } as const;
  let name = '';
  for (const line of text.split('\n')) {
    name = /^\S+/.exec(line)?.[0] ?? name;
    const [, what = '', count] =
      /(rx packets|rx bytes|tx packets|tx bytes|drops) +(\d+)\s*$/.exec(line) ?? [];
    const so = found.get(name) ?? NOTHING;
    const key = Object.entries(counters).find(([label]) => label === what)?.[1];
    found.set(name, key === undefined ? so : { ...so, [key]: Number(count) });
  }
  return found;
}
