/** The doors with processes behind them that stand in for iproute2. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { mkdir, symlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Gate } from '../../../../src/dataplane/linux/doors.js';
import { SystemPrograms } from '../../../../src/host/program.js';
import { Sysctl } from '../../../../src/host/sysctl.js';
import { systemClock } from '../../../../src/model/clock.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { FakeIproute2 } from '../../../support/fake-iproute2.js';
import { nullLog } from '../../../support/null-log.js';

const PROGRAMS = ['ip', 'bridge', 'tc'];
const NEVER = new AbortController().signal;

describe('Doors', () => {
  let fake: FakeIproute2;
  let gate: Gate;

  const open = (timers: FakeClock | typeof systemClock = systemClock): Gate =>
    new Gate({
      timers,
      stallMs: 5000,
      searchPath: fake.searchPath,
      netnsFolder: join(fake.folder, 'netns'),
      sysctl: new Sysctl(join(fake.folder, 'sys')),
      sysfs: join(fake.folder, 'sysfs'),
      scratch: fake.folder,
      programs: new SystemPrograms(fake.searchPath, timers),
      newMac: () => '02:00:00:00:00:01',
      log: nullLog,
    });

  beforeEach(async () => {
    fake = await FakeIproute2.create(...PROGRAMS);
    gate = open();
  });

  afterEach(async () => {
    await gate.close();
    await fake.remove();
  });

  it('lead to one process each, which stays', async () => {
    const doors = gate.doors(NEVER);
    for (let i = 0; i < 3; i++) {
      await Promise.all([doors.ip.run('ok'), doors.bridge.run('ok'), doors.fdbShow.run('ok')]);
    }
    assert.equal((await fake.started()).length, 3);
  });

  it('lead to processes of their own for dumps, which end', async () => {
    const doors = gate.doors(NEVER);
    const dumps = ['a', 'b'].map((word) =>
      doors.once('bridge', (door) => door.query('json', word)),
    );
    assert.deepEqual(await Promise.all(dumps), [['a'], ['b']]);
    const failing = doors.once('ip', (door) => door.query('fail'));
    await assert.rejects(failing, { code: 'KERNEL_REFUSED' });
    const pids = await fake.started();
    assert.equal(pids.length, 3);
    for (const pid of pids) await eventually(() => isGone(pid));
  });

  it('have a listener for each process on the signal, not for each command', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const doors = gate.doors(signal);
    let most = 0;
    const look = (): void => {
      most = Math.max(most, getEventListeners(signal, 'abort').length);
    };
    const warnings: Error[] = [];
    const warned = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on('warning', warned);
    await Promise.all([
      ...Array.from({ length: 500 }, (_, i) => doors.ip.run('ok', String(i)).then(look)),
      ...Array.from({ length: 500 }, (_, i) => doors.bridge.run('ok', String(i)).then(look)),
      ...Array.from({ length: 20 }, () =>
        doors.inNetns('ns', [['ok'], ['ok']], ['json', 'x']).then(look),
      ),
    ]);
    process.off('warning', warned);
    assert.deepEqual(warnings, []);
    // `ip`, `bridge`, and those for guests.
    assert.ok(most <= 2 + 4, `${most} listeners`);
    assert.equal(getEventListeners(signal, 'abort').length, 0, 'none is left');
  });

  it('read the addresses once for an operation', async () => {
    // Whatever is asked with "addr", this `ip` refuses.
    const doors = gate.doors(NEVER);
    const [one, two] = [doors.addresses(), doors.addresses()];
    assert.equal(one, two);
    await assert.rejects(one, { code: 'KERNEL_REFUSED' });
    assert.deepEqual(await fake.said(), ['addr show']);
    await assert.rejects(gate.doors(NEVER).addresses());
    assert.equal((await fake.said()).length, 2);
  });

  it('know a namespace by its file', async () => {
    const folder = join(fake.folder, 'netns');
    await mkdir(folder);
    await writeFile(join(folder, 'blue'), '');
    const doors = gate.doors(NEVER);
    assert.equal(await doors.netnsExists('blue'), true);
    assert.equal(await doors.netnsExists('red'), false);
    // What cannot be looked at is not missing.
    await symlink('round', join(folder, 'round'));
    await assert.rejects(doors.netnsExists('round'), {
      code: 'KERNEL_REFUSED',
      message: `the network namespace round: ${join(folder, 'round')}: ELOOP`,
    });
    await rm(folder, { recursive: true });
    assert.equal(await doors.netnsExists('blue'), false);
    assert.equal(doors.ownNetns, `/proc/${process.pid}/ns/net`);
    assert.equal(doors.newMac(), '02:00:00:00:00:01');
  });

  it('are told of links that changed: processes that know them are replaced', async () => {
    const doors = gate.doors(NEVER);
    const say = (device: string): Promise<unknown> =>
      Promise.all([doors.ip.run('ok', 'dev', device), doors.bridge.run('ok', 'dev', device)]);
    const starts = async (): Promise<number> => (await fake.started()).length;
    await say('a');
    doors.removedLink('a');
    await say('b');
    assert.equal(await starts(), 2, 'what is gone is replaced only when it comes back');
    await say('a');
    assert.equal(await starts(), 3, '`ip` itself knows of its own changes');
    doors.strangeLinks('a');
    await say('a');
    assert.equal(await starts(), 5);
    gate.forget(['b']);
    gate.gone(['b']);
    await say('b');
    assert.equal(await starts(), 6, '`ip` knows nothing of it, `bridge` remembers all there are');
    gate.gone(['b']);
    await say('b');
    assert.equal(await starts(), 8);
    for (const made of ['x', 'y']) {
      doors.madeLink(made);
      await say(made);
    }
    assert.equal(await starts(), 8, 'what is new takes nobody’s place');
    doors.removedLink('x');
    doors.madeLink('x');
    await say('x');
    assert.equal(await starts(), 9, '`bridge` spoke of the one before');
  });

  it('undo even after the operation was given up, but not for ever', async () => {
    const clock = new FakeClock();
    const patient = open(clock);
    try {
      const doors = patient.doors(AbortSignal.abort());
      await doors.undo('ok', 'undo');
      assert.deepEqual(await fake.said(), ['ok undo']);
      await doors.undo('fail');
      assert.equal(clock.pending, 0);
      const hung = doors.undo('hang');
      await eventually(async () => (await fake.said()).includes('hang'));
      await clock.advance(1000);
      await hung;
    } finally {
      await patient.close();
    }
  });

  it('are shut when the gate is closed', async () => {
    const doors = gate.doors(NEVER);
    await gate.close();
    for (const work of [
      () => doors.ip.run('ok'),
      () => doors.bridge.query('json'),
      () => doors.inNetns('ns', [], ['json', 'x']),
      () => doors.once('ip', (door) => door.query('json')),
    ]) {
      await assert.rejects(work(), { code: 'SHUTTING_DOWN' });
    }
    assert.deepEqual(await fake.started(), []);
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
