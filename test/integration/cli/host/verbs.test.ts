/** `nfvctl host` on a host with a fake kernel. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { HostOptions } from '../../../../src/cli/host-access.js';
import { PreparingHost } from '../../../../src/main/host-access.js';
import { writeOffer } from '../../../../src/nve/host/offered.js';
import { nfvctl, startNfvctl, type CliOptions, type Ran } from '../../../support/cli.js';
import { eventually } from '../../../support/eventually.js';
import {
  assertSame,
  BUSY_PROFILE,
  busyHost,
  everything,
} from '../../../support/fake-sysfs/busy-host.js';
import type { FakeHost } from '../../../support/fake-sysfs/host.js';
import { MGMT, PF0 } from '../../../support/fake-sysfs/hosts.js';

const Plan = z.object({
  hash: z.string(),
  steps: z.array(z.object({ text: z.string() })),
  findings: z.array(z.object({ check: z.string(), where: z.string() })),
});

describe('nfvctl host', () => {
  let host: FakeHost;
  let before: string[];
  let guarded: string[];
  let given: HostOptions[];

  beforeEach(() => {
    host = busyHost();
    before = everything(host);
    guarded = [];
    given = [];
  });
  afterEach(() => {
    host.close();
  });

  const options = (stdin?: string): CliOptions => ({
    ...(stdin === undefined ? {} : { stdin }),
    openHost: (asked) => {
      given.push(asked);
      const { doors, clock } = host;
      const guard = (stateDir: string): void => {
        guarded.push(stateDir);
      };
      return Promise.resolve(new PreparingHost({ ...asked, doors, clock, guard }));
    },
  });
  const run = (words: readonly string[], stdin?: string): Promise<Ran> =>
    nfvctl(['host', '--state-dir', host.stateDir, ...words], options(stdin));

  it('shows what the host has', async () => {
    const { status, out, err } = await run(['inventory']);
    assert.deepEqual([status, err], [0, '']);
    assert.match(out, /^IOMMU groups: +\d+$/m);
    assert.match(out, /^ +0000:41:00\.0 +network +8086:[0-9a-f]{4} +igb /m);
    assert.match(out, /^ +uplink0 +\S+ +9000 +up .*198\.51\.100\.1\/24$/m);
    assert.match(out, /2M: \d+\/64 free/);
    assertSame(everything(host), before);
  });

  it('goes on with an undo that somebody was in the way of, and undoes no more than that', async () => {
    await run(['apply', '-f', '-'], 'hugepages: [{ size: 2M, node: 1, pages: 10 }]');
    const between = everything(host);
    assert.equal((await run(['apply', '-f', '-'], BUSY_PROFILE)).status, 0);
    const { state } = host.kernel;
    state.processes = [...state.processes, { pid: 77, command: 'qemu', open: ['/dev/vfio/7'] }];
    host.kernel.show();
    const refused = await run(['undo']);
    assert.match(refused.err, /in use: qemu \(pid 77\).*\(HOST_NOT_RESTORED\)/);
    host.kernel.endProcess(77);
    const again = await run(['undo']);
    assert.deepEqual([again.status, again.out], [0, 'undone\n'], again.err);
    assertSame(everything(host), between);
    assert.match((await run(['status'])).out, /State: +ready/);
  });

  it('shows it as data', async () => {
    const { out } = await run(['inventory', '-o', 'json']);
    const { functions } = z
      .object({ functions: z.array(z.object({ bdf: z.string(), driver: z.string().optional() })) })
      .parse(JSON.parse(out));
    assert.equal(functions.find(({ bdf }) => bdf === PF0)?.driver, 'igb');
    const yaml = await run(['inventory', '-o', 'yaml']);
    assert.match(yaml.out, /^bootId: /m);
  });

  it('plans, applies that plan, and has nothing left to do', async () => {
    const shown = await run(['plan', '-f', '-', '-o', 'json'], BUSY_PROFILE);
    const { hash, steps } = Plan.parse(JSON.parse(shown.out));
    const table = await run(['plan', '-f', '-'], BUSY_PROFILE);
    assert.ok(table.out.startsWith(`Plan ${hash}\n`));
    assert.match(table.out, /0000:41:00\.0: driver vfio-pci +interfaces uplink0; addresses /);
    assertSame(everything(host), before);

    const { status, out, err } = await run(['apply', '-f', '-', '--plan', hash], BUSY_PROFILE);
    assert.deepEqual([status, out], [0, `host prepared, ${steps.length} steps\n`]);
    const lines = err.trimEnd().split('\n');
    assert.equal(lines.length, steps.length);
    for (const [i, { text }] of steps.entries()) {
      assert.ok(lines[i]?.startsWith(`[${i + 1}/${steps.length}] ${text}: ok (`), lines[i]);
    }
    const again = await run(['apply', '-f', '-'], BUSY_PROFILE);
    assert.deepEqual([again.status, again.out, again.err], [0, 'host unchanged\n', '']);
  });

  it('undoes it, to the last byte', async () => {
    await run(['apply', '-f', '-'], BUSY_PROFILE);
    assert.notDeepEqual(everything(host), before);
    const { status, out } = await run(['undo']);
    assert.deepEqual([status, out], [0, 'undone\n']);
    assertSame(everything(host), before);
    const nothing = await run(['undo']);
    assert.deepEqual([nothing.status, nothing.out], [4, '']);
    assert.match(nothing.err, /NOTHING_TO_DO/);
  });

  it('says how far the host is, and what somebody changed since', async () => {
    assert.match((await run(['status'])).out, /^State: +idle$/m);
    await run(['apply', '-f', '-'], BUSY_PROFILE);
    const ready = await run(['status']);
    assert.match(ready.out, /^State: +ready$/m);
    assert.match(ready.out, /^Ready for endpoints: +yes$/m);
    assert.match(ready.out, /^ {2}done {5}0000:41:00\.0: driver vfio-pci$/m);

    const path = `${host.kernel.root}/sys/devices/system/node/node1/hugepages/hugepages-2048kB`;
    host.kernel.call('dd', [`of=${path}/nr_hugepages`], '1');
    const drifted = await run(['status']);
    assert.match(drifted.out, /^State: +drifted$/m);
    assert.match(drifted.out, /^ {2}node 1: 64 hugepages of 2M$/m);
    const report = await run(['drift']);
    assert.deepEqual([report.status, report.out], [1, 'differs:\n  node 1: 64 hugepages of 2M\n']);
  });

  it('repairs drift where the profile says so', async () => {
    const profile = `${BUSY_PROFILE}\npolicy: { drift: repair }\n`;
    await run(['apply', '-f', '-'], profile);
    const path = `${host.kernel.root}/sys/devices/system/node/node1/hugepages/hugepages-2048kB`;
    host.kernel.call('dd', [`of=${path}/nr_hugepages`], '1');
    const report = await run(['drift']);
    assert.equal(report.out, 'repaired:\n  node 1: 64 hugepages of 2M\n');
    assert.equal(host.kernel.state.pools.get(1)?.get(2048)?.total, 64);
    assert.equal((await run(['drift'])).out, 'as the profile wants it\n');
  });

  it('has a change confirmed, and guarded by another process until then', async () => {
    const { status, out } = await run(['apply', '-f', '-', '--confirm', '2m'], BUSY_PROFILE);
    assert.equal(status, 0);
    assert.match(out, /; it is undone in 2m without "nfvctl host confirm"\n$/);
    assert.deepEqual(guarded, [host.stateDir]);
    const waiting = await run(['status', '-o', 'json']);
    const { state, ready, change } = z
      .object({
        state: z.string(),
        ready: z.boolean(),
        change: z.object({ confirmWithinMs: z.number() }),
      })
      .parse(JSON.parse(waiting.out));
    assert.deepEqual([state, ready], ['unconfirmed', false]);
    assert.ok(change.confirmWithinMs > 0 && change.confirmWithinMs <= 120_000);
    const second = await run(['apply', '-f', '-'], 'hugepages: []');
    assert.match(second.err, /HOST_BUSY/);
    assert.equal((await run(['confirm'])).out, 'confirmed\n');
    assert.match((await run(['status'])).out, /^State: +ready$/m);
    assert.match((await run(['confirm'])).err, /NOTHING_TO_DO/);
  });

  it('undoes at the next command what was not confirmed in time', async () => {
    await run(['apply', '-f', '-', '--confirm', '2m'], BUSY_PROFILE);
    host.clock.jump(121_000);
    const late = await run(['confirm']);
    assert.match(late.err, /NOTHING_TO_DO/);
    assertSame(everything(host), before);
  });

  it('watches a change, step by step', async () => {
    const watching = startNfvctl(
      ['host', '--state-dir', host.stateDir, 'status', '--watch'],
      options(),
    );
    await eventually(() => watching.out.text.includes('idle'));
    const nic = `nics: [{ name: u, role: dpdk, takeOver: true, match: { bdf: "${PF0}" } }]`;
    await run(['apply', '-f', '-'], `hugepages: [{ size: 2M, node: 1, pages: 10 }]\n${nic}`);
    await eventually(() => watching.out.text.includes('ready\n'));
    assert.match(watching.out.text, /^\[\d\/\d\] node 1: 10 hugepages of 2M: done$/m);
    assert.match(watching.out.text, /^0000:41:00\.0: vfio$/m);
    watching.interrupt();
    assert.equal(await watching.status, 130);
  });

  it('tells what is in the way, why it matters and how to mend it', async () => {
    const { status, out } = await run(['preflight']);
    assert.match(out, /^ok +iommu: \d+ groups$/m);
    assert.match(out, /^fails +vfio-pci: no such module\n +why: .*\n +mend: install kmod/m);
    assert.match(out, /^\d+ ok, \d+ to be looked at, \d+ in the way$/m);
    assert.equal(status, 4);
    const profile = `nics: [{ name: m, role: dpdk, takeOver: true, match: { bdf: "${MGMT}" } }]`;
    const { out: named } = await run(['preflight', '-f', '-'], profile);
    assert.match(named, /^fails +default-route: /m);
  });

  const wrong: readonly (readonly [string, readonly string[], string, number, RegExp])[] = [
    ['a profile that is no YAML', ['plan', '-f', '-'], 'nics: [', 2, /PROFILE_INVALID/],
    ['a field that there is not', ['plan', '-f', '-'], 'nic: []', 2, /stdin:1:1.*nics/s],
    [
      'a node that does not exist',
      ['apply', '-f', '-'],
      'hugepages: [{size: 2M, node: 7, pages: 1}]',
      4,
      /PLAN_BLOCKED/,
    ],
    [
      'another plan',
      ['apply', '-f', '-', '--plan', 'x'],
      'hugepages: [{size: 2M, node: 1, pages: 1}]',
      4,
      /PLAN_CHANGED/,
    ],
    ['no profile', ['apply'], '', 2, /no host profile is given/],
    ['two profiles', ['apply', '-f', '-', '--offered'], '', 2, /not used with --offered/],
    ['no duration', ['apply', '-f', '-', '--confirm', 'soon'], '', 2, /--confirm/],
    ['a file that is not there', ['plan', '-f', '/nowhere/x.yaml'], '', 2, /FILE_UNREADABLE/],
    ['an address that is none', ['--nva', 'nva.example', 'inventory'], '', 2, /--nva/],
    ['a relative state directory', ['--state-dir', 'state', 'inventory'], '', 2, /--state-dir/],
  ];
  for (const [name, words, stdin, code, text] of wrong) {
    it(`refuses ${name}, and changes nothing`, async () => {
      const { status, out, err } = await run(words, stdin);
      assert.deepEqual([status, out], [code, '']);
      assert.match(err, text);
      assertSame(everything(host), before);
    });
  }

  it('shows each NIC of the profile with its state, as a table and as data', async () => {
    assert.ok(!(await run(['status'])).out.includes('NICs'));
    await run(['apply', '-f', '-'], BUSY_PROFILE);
    const { out } = await run(['status']);
    assert.match(out, /^NICs \(4\):\n {2}NIC +FUNCTION +STATE\n/m);
    assert.match(out, /^ {2}up +0000:41:00\.0 +vfio$/m);
    assert.match(out, /^ {2}pf +0000:81:00\.0 +kernel$/m);
    assert.match(out, /^ {2}pf\/vf0 +0000:81:00\.0\/vf0 +vfio$/m);
    const Nics = z.object({
      nics: z.array(z.object({ name: z.string(), function: z.string(), state: z.string() })),
    });
    const { nics } = Nics.parse(JSON.parse((await run(['status', '-o', 'json'])).out));
    assert.deepEqual(nics[0], { name: 'up', function: PF0, state: 'vfio' });
    assert.match((await run(['status', '-o', 'yaml'])).out, /^ {4}state: vfio$/m);
    // Somebody took it back: what is there is shown, not what was written down.
    const device = `${host.kernel.root}/sys/bus/pci/devices/${PF0}`;
    host.kernel.call('dd', [`of=${device}/driver/unbind`], PF0);
    assert.match((await run(['status'])).out, /^ {2}up +0000:41:00\.0 +driverless$/m);
  });

  it('takes the profile that the NVA offers, and says where that is another one', async () => {
    const none = await run(['plan', '--offered']);
    assert.deepEqual([none.status, none.out], [4, '']);
    assert.match(none.err, /the NVA offers no profile for this host \(NOTHING_TO_DO\)/);
    const offer = { profile: 'edge', text: BUSY_PROFILE, takes: 'nva' } as const;
    await writeOffer(host.stateDir, offer);
    const plan = await run(['plan', '--offered', '-o', 'json']);
    const { hash, steps } = Plan.parse(JSON.parse(plan.out));

    const other = await run(['apply', '-f', '-'], 'hugepages: [{ size: 2M, node: 1, pages: 8 }]');
    assert.match(other.err, /^note: the NVA offers another profile, hostProfiles\/edge, and /);
    assert.match(
      (await run(['status'])).out,
      /^Offered by the NVA: +hostProfiles\/edge, not applied; /m,
    );
    await run(['undo']);

    const { status, out } = await run(['apply', '--offered', '--plan', hash]);
    assert.deepEqual([status, out], [0, `host prepared, ${steps.length} steps\n`]);
    assert.match((await run(['status'])).out, /^Profile: +hostProfiles\/edge$/m);
    assert.match(
      (await run(['status'])).out,
      /^Offered by the NVA: +hostProfiles\/edge, this one; /m,
    );
  });

  it('guards the way to the NVA that it is told of', async () => {
    await run(['--nva', '192.0.2.10', '--nva', '2001:DB8::1', 'inventory']);
    assert.deepEqual(given.at(-1)?.nva, ['192.0.2.10', '2001:db8::1']);
  });
});
