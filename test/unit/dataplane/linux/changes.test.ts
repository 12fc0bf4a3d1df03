import assert from 'node:assert/strict';
import { Changes } from '../../../../src/dataplane/linux/changes.js';
import { parseLinks } from '../../../../src/dataplane/linux/links.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { keyOf, type Payload } from '../../../../src/model/item.js';
import { View } from '../../../../src/dataplane/linux/view.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { linkJson } from '../../../support/fake-doors.js';
import {
  domain,
  macAt,
  macOf,
  neighbor,
  tunnelTo,
  vethPort,
  vtepItem,
} from '../../../support/linux-items.js';
import { gateway, GATEWAY_MAC, hop, routeTo } from '../../../support/routing-items.js';

const MAC = '02:00:00:00:00:01';
const bridge = (more = ''): string =>
  `[LINK]4: nfvb7: <BROADCAST,UP${more}> mtu 1400 qdisc noqueue state UP \\    link/ether 02:bb:00:00:00:01\\    alias nfvd:bd/7`;
const half = (dst: string, device = 'nfvx7'): string =>
  `[NEIGH]${dst === '' ? '' : `${dst} `}dev ${device} lladdr ${MAC} extern_learn REACHABLE `;

describe('Changes', () => {
  let clock: FakeClock;
  let memory: Memory;
  let changes: Changes;
  let told: (string[] | 'unknown')[];
  let renamed: string[];
  let gone: string[];

  beforeEach(() => {
    clock = new FakeClock();
    memory = new Memory();
    told = [];
    renamed = [];
    gone = [];
    changes = new Changes(clock, memory, {
      renamed: (names) => renamed.push(...names),
      gone: (names) => gone.push(...names),
    });
    changes.listen((keys) => told.push(keys === 'unknown' ? keys : [...keys].sort()));
  });

  afterEach(() => {
    changes.close();
    assert.equal(clock.pending, 0);
  });

  const know = (...payloads: Payload[]): void => {
    for (const payload of payloads) {
      changes.know(keyOf(payload), payload);
      changes.want(keyOf(payload), payload);
    }
  };

  const hears = async (...lines: string[]): Promise<void> => {
    for (const line of lines) changes.line(line);
    await clock.advance(10);
  };

  it('is silent about an entry that is as it is known to be', async () => {
    know(macAt(7, MAC, '10.1.0.2'), neighbor(7, '192.168.7.1', MAC));
    await hears(half(''), half('10.1.0.2'), half('192.168.7.1', 'nfvb7'));
    assert.deepEqual(told, []);
  });

  it('tells one that is another', async () => {
    know(macAt(7, MAC, '10.1.0.2'), neighbor(7, '192.168.7.1', '02:00:00:00:00:09'));
    await hears(half('10.1.0.3'), half('192.168.7.1', 'nfvb7'));
    assert.deepEqual(told, [[`mac/7/${MAC}`, 'neigh/7/192.168.7.1']]);
  });

  it('tells one that is gone, if it was known', async () => {
    const gone = half('').replace(']', ']Deleted ');
    await hears(gone);
    assert.deepEqual(told, []);
    know(macAt(7, MAC, '10.1.0.2'));
    await hears(gone);
    assert.deepEqual(told, [[`mac/7/${MAC}`]]);
  });

  it('tells what a control plane set that nobody asked for, not what a bridge learned', async () => {
    await hears(half('').replace('extern_learn ', ''));
    assert.deepEqual(told, []);
    await hears(half(''));
    assert.deepEqual(told, [[`mac/7/${MAC}`]]);
  });

  it('tells what was learned in the place of ours', async () => {
    know(macAt(7, MAC, '10.1.0.2'));
    await hears(half('').replace('extern_learn ', ''));
    assert.deepEqual(told, [[`mac/7/${MAC}`]]);
  });

  it('holds back events of what is at work, and compares the last', async () => {
    const item = macAt(7, MAC, '10.1.0.3');
    know(macAt(7, MAC, '10.1.0.2'));
    const done = changes.working([item]);
    changes.know(keyOf(item), item);
    await hears(half('10.1.0.2'), half('10.1.0.3'));
    done();
    await clock.advance(5000);
    assert.deepEqual(told, []);
  });

  it('tells a foreign change to what is at work', async () => {
    const item = macAt(7, MAC, '10.1.0.3');
    const done = changes.working([item]);
    changes.know(keyOf(item), item);
    await hears(half('10.1.0.3'), half('10.1.0.9'));
    done();
    await clock.advance(149);
    assert.deepEqual(told, []);
    await clock.advance(20);
    assert.deepEqual(told, [[`mac/7/${MAC}`]]);
  });

  it('waits for the last of several that are at work on the same', async () => {
    const item = macAt(7, MAC, '10.1.0.3');
    const [first, second] = [changes.working([item]), changes.working([item])];
    first();
    await clock.advance(1000);
    await hears(half('10.1.0.9'));
    assert.deepEqual(told, []);
    second();
    await clock.advance(1000);
    assert.deepEqual(told, [[`mac/7/${MAC}`]]);
  });

  it('tells anything at all of a link, unless it is at work', async () => {
    const item = domain(7, '10.1.0.1');
    know(item);
    await hears(bridge());
    assert.deepEqual(told, [['bd/7']]);
    const done = changes.working([item]);
    await hears(bridge());
    done();
    await clock.advance(5000);
    assert.deepEqual(told, [['bd/7']]);
  });

  for (const [title, line] of [
    ['down', bridge().replace(',UP', '')],
    ['another mtu', bridge().replace('1400', '1300')],
    ['another alias', bridge().replace('nfvd:bd/7', 'x')],
    ['in a bridge', bridge().replace('qdisc noqueue', 'qdisc noqueue master br0')],
    ['gone', bridge().replace(']', ']Deleted ')],
  ] as const) {
    it(`tells a link that is not as wanted after it was at work: ${title}`, async () => {
      const item = domain(7, '10.1.0.1');
      know(item);
      const done = changes.working([item]);
      await hears(bridge(), line);
      done();
      await clock.advance(5000);
      assert.deepEqual(told, [['bd/7']]);
    });
  }

  it('tells a link that went down and came up again while it was at work', async () => {
    const item = domain(7, '10.1.0.1');
    know(item);
    const down = bridge().replace(',UP', '');
    const begun = changes.working([item]);
    await hears(down, bridge());
    begun();
    await clock.advance(5000);
    assert.deepEqual(told, [], 'one that is made is down before it is up');
    const done = changes.working([item]);
    await hears(down, bridge());
    done();
    await clock.advance(5000);
    assert.deepEqual(told, [['bd/7']]);
    const replaced = changes.working([item]);
    await hears(down, down.replace(']', ']Deleted '), down, bridge());
    replaced();
    const removed = changes.working([item]);
    changes.unwant('bd/7');
    await hears(down, down.replace(']', ']Deleted '));
    removed();
    await clock.advance(5000);
    assert.deepEqual(told, [['bd/7']], 'nor what is made anew or removed');
  });

  it("tells what becomes of a bridge's port once its own work is over, though its link settles", async () => {
    const item = domain(7, '10.1.0.1');
    know(item);
    const setting =
      '[LINK]5: nfvx7: <BROADCAST,UP> mtu 1400 master nfvb7 state UNKNOWN \\    link/ether';
    const done = changes.working([item]);
    await hears(setting);
    done();
    await clock.advance(100);
    await hears(setting);
    assert.deepEqual(told, []);
    await clock.advance(100);
    await hears(setting);
    assert.deepEqual(told, [['bd/7']]);
    await clock.advance(5000);
  });

  it('tells what is flooded to whom nobody asked for, where everything counts as ours', async () => {
    const to = (dst: string, vni: number): string =>
      `[NEIGH]${dst} dev nfvx${vni} lladdr 00:00:00:00:00:00 PERMANENT `;
    know(domain(7, '10.1.0.1', { bumGroup: '239.0.0.7' }));
    await hears(to('239.0.0.7', 7), to('10.1.0.9', 8));
    assert.deepEqual(told, []);
    await hears(to('10.1.0.9', 7));
    assert.deepEqual(told, [['flood/7/10.1.0.9']]);
  });

  it("tells a gateway's link-local address, that of just one of those with the MAC", async () => {
    memory.setRouter(5, 42);
    for (const vni of [7, 8]) {
      memory.setGateway(vni, 42);
      know(gateway(42, vni, [`fd00:${vni}::1/64`]));
    }
    const lost = '[nsid 5][ADDR]Deleted 2: x    inet6 fe80::ff:fe00:fe01/64 scope link ';
    changes.routerLine(lost);
    await clock.advance(10);
    // Which it was is not known before its link was told of.
    assert.deepEqual(told, [['gw/42/7', 'gw/42/8']]);
    await clock.advance(5000);
    changes.routerLine(
      `[nsid 5][LINK]2: gw7@if2: <UP> mtu 1400 qdisc noqueue state UP \\    link/ether ${GATEWAY_MAC} brd`,
    );
    changes.routerLine(lost);
    await clock.advance(10);
    assert.deepEqual(told.slice(1), [['gw/42/7']]);
  });

  it('tells what a gateway lost by being down while it was at work', async () => {
    memory.setRouter(5, 42);
    memory.setGateway(7, 42);
    const item = gateway(42, 7, ['10.0.0.1/24']);
    const route = routeTo(42, '10.9.0.0/16', hop('10.0.0.9', 7));
    know(item, route, routeTo(43, '10.9.0.0/16', hop('10.0.0.9', 7)));
    const link = (flags: string): string =>
      `[nsid 5][LINK]2: gw7@if2: <BROADCAST${flags}> mtu 1400 qdisc noqueue state UP \\    link/ether ${GATEWAY_MAC} brd`;
    const hearsRouter = (...lines: string[]): void => {
      for (const line of lines) changes.routerLine(line);
    };
    const made = changes.working([item]);
    hearsRouter(link(''), link(',UP'));
    made();
    await clock.advance(5000);
    assert.deepEqual(told, []);
    const mended = changes.working([item]);
    hearsRouter(link(''), link(',UP'));
    mended();
    await clock.advance(5000);
    assert.deepEqual(told, [['gw/42/7', 'route/42/10.9.0.0/16']]);
    const removed = changes.working([item]);
    changes.unwant('gw/42/7');
    hearsRouter(link(''));
    removed();
    await clock.advance(5000);
    assert.equal(told.length, 1);
  });

  it('forgets that a bridge is ours when it hears of it', async () => {
    memory.setDomain(7, true);
    await hears(bridge());
    assert.equal(memory.isOurs(7), false);
  });

  it('tells of names that changed owners', async () => {
    const link = (index: number, name: string): string =>
      `[LINK]${index}: ${name}: <UP> mtu 1500 qdisc noop state UP `;
    await hears(link(5, 'a'), link(5, 'a'));
    assert.deepEqual([renamed, gone], [[], []], 'nobody had the name before');
    memory.primed = true;
    await hears(link(5, 'b'));
    assert.deepEqual([renamed, gone], [['a'], []]);
    assert.equal(memory.primed, false);
    await hears(link(5, 'b').replace(']', ']Deleted '));
    assert.deepEqual([renamed, gone], [['a'], ['b']]);
    await hears(link(6, 'b'));
    changes.gap();
    assert.deepEqual([renamed, gone], [['a', 'b'], ['b']], 'whatever has a name may have lost it');
  });

  it('tells a port that was renamed, and the MACs at one that is gone', async () => {
    const item = vethPort('web', 7, MAC, 'ns', { hostInterface: 'webport' });
    know(item, macOf(7, MAC, 'web'));
    memory.setPort({ endpoint: 'web', link: 'webport', vni: 7 });
    const line = '[LINK]5: webport: <UP> mtu 1400 qdisc noop master nfvb7 state UP ';
    await hears(line.replace(']', ']Deleted '));
    assert.deepEqual(told, [[`mac/7/${MAC}`, 'port/web']]);
    await clock.advance(2000);
    await hears(line);
    await clock.advance(2000);
    await hears(line.replace('webport', 'other'));
    assert.deepEqual(told.slice(1), [['port/web'], ['port/web']]);
  });

  it('tells tunnels when routes may have changed, once for thousands', async () => {
    know(tunnelTo(7, '10.1.0.2', '10.1.0.1'), vtepItem('10.1.0.1'));
    const route = '[ROUTE]203.0.113.0/24 via 10.1.0.2 dev u0 ';
    for (let i = 0; i < 1000; i++) changes.line(route);
    await clock.advance(10);
    assert.deepEqual(told, [['tunnel/7/10.1.0.2']]);
    await clock.advance(5000);
    await hears('[ADDR]3: u0    inet 10.1.0.1/24 scope global u0');
    assert.deepEqual(told.slice(1), [['tunnel/7/10.1.0.2', 'vtep/10.1.0.1']]);
    await clock.advance(5000);
    changes.unwant('tunnel/7/10.1.0.2');
    await hears(route);
    assert.equal(told.length, 2);
  });

  it('tells bridge domains when the MTU of a way to VTEPs changes', async () => {
    know(domain(7, '10.1.0.1'));
    changes.leadsThrough('u0');
    const up = '[LINK]2: u0: <UP> mtu 1500 qdisc noop state UP ';
    await hears(up);
    assert.deepEqual(told, [['bd/7']]);
    await clock.advance(5000);
    await hears(up);
    assert.equal(told.length, 1);
    await hears(up.replace('1500', '1400'));
    assert.equal(told.length, 2);
  });

  describe('while everything is read', () => {
    const tapOf = (index: number, name: string): string =>
      `[LINK]${index}: ${name}: <UP> mtu 1400 qdisc noop master nfvb7 state UP `;
    const view = (): View => {
      const [tap] = parseLinks([{ ...linkJson('tap0'), ifindex: 5, ifalias: 'nfvd:port/web@x' }]);
      assert.ok(tap !== undefined);
      const read = new View();
      read.addLink(tap);
      memory.setPort({ endpoint: 'web', link: 'tap0', vni: 7 });
      return read;
    };

    it('believes events, which are newer: a port that was renamed is looked for', async () => {
      const reading = memory.begin();
      await hears(tapOf(5, 'foo'));
      memory.end(reading);
      assert.equal(changes.knowAll(view(), reading), false);
      await clock.advance(10);
      assert.deepEqual(told, [['port/web']]);
      assert.equal(memory.portOf('web'), undefined);
      await hears(tapOf(5, 'bar'));
      assert.deepEqual(renamed, ['foo']);
    });

    it('believes events, which are newer: a port that is gone', async () => {
      const reading = memory.begin();
      await hears(tapOf(5, 'tap0'), tapOf(5, 'tap0').replace(']', ']Deleted '));
      assert.equal(changes.knowAll(view(), reading), true);
      await clock.advance(10);
      assert.deepEqual(told, [['port/web']]);
      assert.equal(memory.portOf('web'), undefined);
    });

    it('believes what was read, where events tell the same or came before', async () => {
      await hears(tapOf(5, 'foo'));
      const reading = memory.begin();
      await hears(tapOf(5, 'tap0'));
      assert.equal(changes.knowAll(view(), reading), true);
      await clock.advance(10);
      assert.deepEqual(told, []);
      assert.equal(memory.portOf('web')?.link, 'tap0');
      changes.gap();
      assert.equal(reading.isVoid, true);
    });
  });

  it('tells "unknown" after a gap, and no longer trusts what it remembers', async () => {
    memory.primed = true;
    changes.gap();
    await clock.advance(10);
    assert.deepEqual(told, ['unknown']);
    assert.equal(memory.primed, false);
  });
});
