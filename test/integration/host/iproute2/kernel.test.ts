/** Batches of the real iproute2 on a real kernel, in a network namespace. */
import assert from 'node:assert/strict';
import { hasErrno } from '../../../../src/host/iproute2/answers.js';
import { Batch } from '../../../../src/host/iproute2/batch.js';
import { Monitor } from '../../../../src/host/iproute2/monitor.js';
import { systemClock } from '../../../../src/model/clock.js';
import { eventually } from '../../../support/eventually.js';
import { needNetns, Netns } from '../../../support/netns.js';

const SEARCH_PATH = process.env['PATH'] ?? '';
const SIGNAL = new AbortController().signal;
const MAC = '02:00:00:00:00:01';

describe('Batch on a real kernel', function () {
  this.timeout(20_000);
  let ns: Netns;
  let ip: Batch;
  let bridge: Batch;
  let tc: Batch;

  const batch = (name: string, ...args: string[]): Batch =>
    new Batch(
      { name, args: ['-n', ns.name, '-j', ...args], searchPath: SEARCH_PATH },
      { timers: systemClock, stallMs: 5000 },
    );

  before(async function () {
    await needNetns(this);
    ns = await Netns.create();
    ip = batch('ip', '-d');
    bridge = batch('bridge');
    tc = batch('tc');
    await run(ip, 'link add name br0 type bridge');
    await run(ip, 'link add name vx0 master br0 type vxlan id 7 local 127.0.0.1 dstport 4789');
    for (const name of ['br0', 'vx0']) await run(ip, `link set dev ${name} up`);
  });

  after(async () => {
    for (const each of [ip, bridge, tc]) each.close();
    await ns.close();
  });

  const run = (by: Batch, line: string): Promise<void> => by.run(line.split(' '), SIGNAL);
  const query = (by: Batch, line: string): Promise<unknown> => by.query(line.split(' '), SIGNAL);

  const refusals: readonly (readonly ['ip' | 'bridge' | 'tc', string, string])[] = [
    ['ip', 'link add name br0 type bridge', 'EEXIST'],
    ['ip', 'link set dev nope up', 'ENODEV'],
    ['ip', 'link show dev nope', 'ENODEV'],
    ['ip', 'link del dev nope', 'ENODEV'],
    ['ip', 'neigh del 192.0.2.1 dev br0', 'ENOENT'],
    ['ip', 'neigh get 192.0.2.1 dev br0', 'ENOENT'],
    ['ip', 'route get 192.0.2.1', 'ENETUNREACH'],
    ['ip', 'addr del 192.0.2.1/24 dev br0', 'EADDRNOTAVAIL'],
    ['ip', 'link add name probe address 01:00:00:00:00:01 type bridge', 'EADDRNOTAVAIL'],
    ['ip', 'link add name probe type nonesuch', 'EOPNOTSUPP'],
    ['bridge', `fdb del ${MAC} dev vx0 self`, 'ENOENT'],
    ['bridge', `fdb get ${MAC} br br0`, 'ENOENT'],
    ['bridge', `fdb get ${MAC} dev vx0 self`, 'ENOENT'],
    ['bridge', `fdb replace ${MAC} dev nope self`, 'ENODEV'],
    ['tc', 'qdisc add dev nope clsact', 'ENODEV'],
  ];
  for (const [program, line, errno] of refusals) {
    it(`knows ${errno} in what is said to: ${program} ${line}`, async () => {
      const by = { ip, bridge, tc }[program];
      await assert.rejects(run(by, line), (error) => hasErrno(error, errno));
    });
  }

  it('answers each of many questions with its own answer, the refused ones in between', async () => {
    const ips = Array.from({ length: 300 }, (_, i) => `192.0.${i >> 8}.${i & 255}`);
    await Promise.all(
      ips
        .filter((_, i) => i % 3 !== 0)
        .map((each) => run(ip, `neigh replace ${each} lladdr ${MAC} dev br0 nud permanent`)),
    );
    const answers = await Promise.allSettled(
      ips.map((each) => ip.queryText(['neigh', 'get', each, 'dev', 'br0'], SIGNAL)),
    );
    for (const [i, each] of ips.entries()) {
      const answer = answers[i];
      if (i % 3 === 0) assert.equal(answer?.status, 'rejected', each);
      else assert.ok(answer?.status === 'fulfilled' && answer.value.includes(`${each} dev br0`));
    }
  });

  it('does what comes with a deletion of what is not there, which ends the process', async () => {
    const ends = await Promise.allSettled([
      run(ip, `neigh replace 198.51.100.1 lladdr ${MAC} dev br0 nud permanent`),
      run(ip, 'neigh del 198.51.100.2 dev br0'),
      run(ip, 'neigh del 198.51.100.1 dev br0'),
      query(ip, 'link show dev br0'),
    ]);
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    );
    assert.doesNotMatch(await ns.ip('neigh', 'show', 'dev', 'br0'), /198\.51\.100/);
  });

  it('sets thousands of entries, which are there when it says so', async () => {
    const macs = Array.from(
      { length: 2000 },
      (_, i) =>
        `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`,
    );
    await Promise.all(
      macs.map((mac) => run(bridge, `fdb replace ${mac} dev vx0 dst 10.1.0.2 self static`)),
    );
    const shown = await ns.run('bridge', 'fdb', 'show', 'dev', 'vx0');
    assert.equal(shown.split('\n').filter((line) => line.includes('dst 10.1.0.2')).length, 2000);
    const last = await query(bridge, `fdb get ${macs.at(-1) ?? ''} dev vx0 self`);
    assert.ok(Array.isArray(last));
    await Promise.all(macs.map((mac) => run(bridge, `fdb del ${mac} dev vx0 self`)));
  });

  it('reaches the device that has a name now, not the one that had it before', async () => {
    await run(ip, 'link add name a0 type veth peer name a1');
    await run(bridge, 'fdb show dev a0').catch(() => undefined);
    await query(bridge, 'link show dev a0');
    // Behind its back, and the name comes back with another index.
    await ns.ip('link', 'del', 'dev', 'a0');
    await ns.ip('link', 'add', 'name', 'a0', 'type', 'vxlan', 'id', '9', 'dstport', '4789');
    await ns.ip('link', 'set', 'dev', 'a0', 'up');
    await run(bridge, `fdb replace ${MAC} dev a0 dst 10.1.0.2 self static`);
    assert.match(await ns.run('bridge', 'fdb', 'show', 'dev', 'a0'), /dst 10\.1\.0\.2/);
    await ns.ip('link', 'del', 'dev', 'a0');
  });

  it('finds a bridge gone that it was never asked about, though it remembers it', async () => {
    const [told, untold] = [batch('bridge'), batch('bridge')];
    await ns.ip('link', 'add', 'name', 'b1', 'type', 'bridge');
    await ns.ip('link', 'add', 'name', 'b2', 'type', 'bridge');
    for (const each of [told, untold]) {
      await run(each, `fdb get ${MAC} br b1`).catch(() => undefined);
    }
    await ns.ip('link', 'del', 'dev', 'b2');
    told.gone(['b2']);
    for (const each of [told, untold]) {
      const asked = run(each, `fdb get ${MAC} br b2`);
      await assert.rejects(asked, (error) => hasErrno(error, 'ENODEV'));
      each.close();
    }
    // Another of that name, which has another index.
    const later = batch('bridge');
    await run(later, `fdb get ${MAC} br b1`).catch(() => undefined);
    await ns.ip('link', 'add', 'name', 'b2', 'type', 'bridge');
    await run(later, `fdb get ${MAC} br b1`).catch(() => undefined);
    await ns.ip('link', 'del', 'dev', 'b2');
    later.gone(['b2']);
    await ns.ip('link', 'add', 'name', 'b2', 'type', 'bridge');
    await ns.ip('link', 'add', 'name', 'p2', 'master', 'b2', 'type', 'veth');
    await run(later, `fdb replace ${MAC} dev p2 master static`);
    assert.ok(Array.isArray(await query(later, `fdb get ${MAC} br b2`)));
    later.close();
    for (const name of ['p2', 'b2', 'b1']) await ns.ip('link', 'del', 'dev', name);
  });

  it('says that a namespace is not there', async () => {
    const none = new Batch(
      { name: 'ip', args: ['-n', 'nfvtnone', '-j'], searchPath: SEARCH_PATH },
      { timers: systemClock, stallMs: 5000 },
    );
    await assert.rejects(run(none, 'link show'), (error) => hasErrno(error, 'ENOENT'));
    none.close();
  });

  it('hears through a monitor what it does', async () => {
    const lines: string[] = [];
    let gaps = 0;
    const args = ['-n', ns.name, '-o', '-d', 'monitor', 'link', 'neigh', 'label'];
    const monitor = new Monitor({ name: 'ip', args, searchPath: SEARCH_PATH }, systemClock, {
      line: (text) => lines.push(text),
      gap: () => gaps++,
    });
    let round = 0;
    // It listens some time after it was started.
    await eventually(async () => {
      await run(bridge, `fdb replace ${MAC} dev vx0 dst 10.1.0.${2 + (round++ % 200)} self static`);
      return lines.some((line) => line.includes(`lladdr ${MAC}`));
    });
    await run(ip, 'link set dev vx0 mtu 1300');
    await eventually(() => lines.some((line) => /^\[LINK\].*vx0.*mtu 1300/.test(line)));
    monitor.close();
    assert.equal(gaps, 0);
  });
});
