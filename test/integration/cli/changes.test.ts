/** Plans, history and confirmations by nfvctl, with an NVA in a process of its own. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram, type Ended } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { SpawnedNva } from '../../support/spawned-nva.js';
import { tempDir } from '../../support/temp-dir.js';

const network = (mtu: number, name = 'blue'): string =>
  `apiVersion: nfv/v1\nkind: VirtualNetwork\nmetadata: {name: ${name}}\nspec: {mtu: ${mtu}}\n`;

describe('nfvctl plan, history, rollback and confirm', function () {
  this.timeout(120_000);
  const dir = tempDir();
  let nva: SpawnedNva;
  beforeEach(async () => {
    nva = await SpawnedNva.start();
  });
  afterEach(() => nva.close());
  after(() => {
    dir.remove();
  });

  const run = (...args: string[]): Promise<Ended> =>
    startProgram(['-s', nva.target, ...args]).ended;
  const file = (text: string): string => {
    const path = join(dir.path, 'manifest.yaml');
    writeFileSync(path, text);
    return path;
  };
  const mtu = async (): Promise<string> => {
    const { out } = await run('get', 'network', 'blue', '-o', 'json');
    return /"mtu": (\d+)/.exec(out)?.[1] ?? out;
  };

  it('apply just what was planned, or nothing', async () => {
    const path = file(network(1400));
    const planned = await run('plan', '-f', path);
    assert.equal(planned.status, 1, planned.err);
    const hash = /^plan (\w+) of 1 resources, at revision \d+$/m.exec(planned.out)?.[1] ?? '';
    const applied = await run('apply', '-f', path, '--plan', hash);
    assert.deepEqual([applied.status, applied.err], [0, '']);
    assert.match(applied.out, /^virtualNetworks\/blue created\nrevision \d+\n$/);
    const stale = await run('apply', '-f', path, '--plan', hash);
    assert.equal(stale.status, 4);
    assert.match(stale.err, /PLAN_CHANGED/);
    const again = await run('plan', '-f', path);
    assert.deepEqual([again.status, again.out.split(' at ')[0]], [0, 'nothing to do']);
  });

  it('tell what is wrong where it is in the manifests', async () => {
    const path = file(
      `${network(1400)}---\napiVersion: nfv/v1\nkind: Subnet\nmetadata: {name: s}\nspec: {network: none, prefix: 10.0.0.0/24}\n`,
    );
    const { status, err } = await run('apply', '-f', path, '--atomic');
    assert.equal(status, 4);
    assert.match(err, /manifest\.yaml:6: subnet\.network: virtualNetworks\/none: does not exist/);
  });

  it('tell of a dry run what deleting all of it would do', async () => {
    await run('create', 'network', 'blue', '--prefix', '10.0.0.0/24');
    await run('create', 'subnet', 's', '--network', 'blue', '--prefix', '10.0.0.0/24');
    await run('create', 'router', 'r', '--subnet', 's');
    const all = ['network/blue', 'subnet/s', 'router/r'];
    const dry = await run('delete', ...all, '--dry-run');
    assert.deepEqual(
      [dry.status, dry.err, dry.out.match(/ deleted \(dry run\)\n/g)?.length],
      [0, '', 3],
    );
    const some = await run('delete', 'network/blue', 'subnet/s', '--dry-run');
    assert.equal(some.status, 4);
    assert.match(some.err, /^error: subnets\/s is a subnet of routers\/r \(RESOURCE_IN_USE\)\n/);
    assert.equal((await run('delete', ...all)).status, 0);
  });

  it('tell of a dry run what is wrong with what needs something new', async () => {
    const on = ['--nve', 'h1', '--tap', '--tap-interface', 'tap0'];
    await run('create', 'nve', 'h1', '--vtep', '192.0.2.1');
    await run('create', 'network', 'blue');
    await run('create', 'endpoint', 'e1', '--network', 'blue', ...on);
    const endpoint = (tap: string): string =>
      `---\napiVersion: nfv/v1\nkind: Endpoint\nmetadata: {name: e2}\n` +
      `spec: {network: red, nve: h1, port: {tap: {interface: ${tap}}}}\n`;
    const wrong = await run('apply', '-f', file(network(0, 'red') + endpoint('tap0')), '--dry-run');
    assert.equal(wrong.status, 4);
    assert.match(
      wrong.err,
      /^error: .*manifest\.yaml:6: endpoint\.port\.tap\.interface: tap0: .* \(PORT_IN_USE\)\n/,
    );
    const right = await run('apply', '-f', file(network(0, 'red') + endpoint('tap1')), '--dry-run');
    assert.deepEqual([right.status, right.err], [0, '']);
  });

  it('list, show and compare what was changed, and bring it back', async () => {
    await run('apply', '-f', file(network(1400)));
    await run('apply', '-f', file(network(1450)));
    const { out } = await run('history');
    const [second, first] = [...out.matchAll(/^(\d+) +\S+ +local +(\w+) +(.+)$/gm)];
    assert.deepEqual(first?.slice(2), ['CREATE', 'virtualNetworks/blue']);
    assert.deepEqual(second?.slice(2), ['UPDATE', 'virtualNetworks/blue']);
    const [, from = ''] = first;
    const [, to = ''] = second;
    const shown = await run('show', to);
    assert.match(shown.out, /^who: local$/m);
    assert.match(shown.out, /^- {2}mtu: 1400\n\+ {2}mtu: 1450$/m);
    const compared = await run('diff', from, to);
    assert.equal(compared.status, 1);
    assert.match(compared.out, /^- {2}mtu: 1400\n\+ {2}mtu: 1450$/m);
    assert.equal((await run('diff', to)).status, 0);
    const dry = await run('rollback', from, '--dry-run');
    assert.match(dry.out, /^- {2}mtu: 1450\n\+ {2}mtu: 1400$/m);
    assert.equal(await mtu(), '1450');
    const back = await run('rollback', from);
    assert.deepEqual([back.status, back.err], [0, '']);
    assert.equal(await mtu(), '1400');
    const last = await run('history', '--limit', '1', '-o', 'json');
    assert.match(last.out, new RegExp(`"verb": "ROLLBACK",\\s+"target": ${from}`));
  });

  it('keep what is confirmed', async () => {
    const applied = await run('apply', '-f', file(network(1400)), '--confirm-within', '1h');
    assert.match(applied.out, /unless it is confirmed: nfvctl confirm \d+\n$/);
    assert.match((await run('history', '--pending')).out, /APPLY \(unconfirmed\)/);
    const unfiltered = await run('history', '--filter', '', '--pending');
    assert.match(unfiltered.out, /APPLY \(unconfirmed\)/, unfiltered.err);
    const other = await run('update', 'network', 'blue', '--mtu', '1450');
    assert.equal(other.status, 4);
    assert.match(other.err, /CONFIRMATION_PENDING/);
    const confirmed = await run('confirm');
    assert.deepEqual([confirmed.status, confirmed.err], [0, '']);
    assert.equal((await run('update', 'network', 'blue', '--mtu', '1450')).status, 0);
  });

  it('undo what is not confirmed, also after kill -9 of the NVA', async () => {
    await run('apply', '-f', file(network(1400)));
    const path = file(`${network(1450)}---\n${network(1450, 'red')}`);
    const applied = await run('apply', '-f', path, '--confirm-within', '3s');
    assert.equal(applied.status, 0, applied.err);
    await nva.kill();
    await nva.start();
    await eventually(async () => (await run('history')).out.includes(' UNDO '), 30_000);
    assert.equal(await mtu(), '1400');
    assert.equal((await run('get', 'network', 'red')).status, 3);
    assert.equal((await run('confirm')).status, 3);
  });

  const BAD: readonly (readonly [args: readonly string[], text: RegExp])[] = [
    [['apply', '-f', '-', '--confirm-within', '2d'], /--confirm-within: 2d: /],
    [['rollback', 'x'], /REVISION: x: /],
    [['rollback', '999999'], /REVISION_IN_FUTURE/],
    [['show', 'x'], /REVISION: x: /],
    [['diff'], /-f: /],
    [['diff', '5', '3'], /before 5/],
    [['history', '--limit', '0'], /--limit: 0: /],
    [['history', '--filter', 'colour = red'], /INVALID_FILTER/],
  ];
  for (const [args, text] of BAD) {
    it(`nfvctl ${args.join(' ')} is refused`, async () => {
      const input = args.includes('-') ? { stdin: network(1400) } : {};
      const { status, err } = await startProgram(['-s', nva.target, ...args], input).ended;
      assert.equal(status, 2, err);
      assert.match(err, text);
    });
  }
});
