/**
 * kill -9 of the real programs in the middle of a change, again and again: each start goes on where
 * the last one was killed, and is killed some records of the journal later.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { Child } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { BUSY_PROFILE, makeBusy, makeIdle } from '../support/busy.js';
import * as eye from '../support/eye.js';
import { isGuest, LabHost, needGuest, PF0, PF1 } from '../support/lab-host.js';

/** An odd number: it is killed in the middle of steps, and between them. */
const RECORDS = 3;
/** Milliseconds that a change may take, under emulation. */
const CHANGE_MS = 300_000;
/** The starts that it may take; a change has some thirty records. */
const MAX_STARTS = 40;

describe('kill -9 in the middle of a change', function () {
  this.timeout(2_400_000);
  let host: LabHost;
  let was: string[];
  before(function () {
    needGuest(this);
    host = new LabHost('crash');
    makeBusy();
    was = eye.everything();
  });
  after(() => {
    if (isGuest()) makeIdle();
  });

  const records = (): number =>
    existsSync(host.journal) ? readFileSync(host.journal, 'utf8').split('\n').length - 1 : 0;

  /** @returns whether it was killed; else it came to its end, and that well */
  async function killAfter(child: Child, more: number): Promise<boolean> {
    const limit = records() + more;
    let end: Awaited<Child['ended']> | undefined;
    void child.ended.then((ended) => (end = ended));
    const ended = await eventually(
      () => end ?? (records() >= limit ? ('killed' as const) : false),
      CHANGE_MS,
      5,
    );
    if (ended === 'killed') {
      await child.kill();
      return true;
    }
    assert.equal(ended.status, 0, ended.err + ended.out);
    return false;
  }

  /** The uplink has a driver, or the very step that changes it was cut off: then it is ours to mend. */
  function lookAtNics(drivers: Set<string>): void {
    drivers.add(eye.driverOf(PF0) ?? 'none');
    assert.equal(eye.driverOf(PF1), 'igb');
  }

  async function toTheEnd(first: Child): Promise<{ kills: number; drivers: Set<string> }> {
    const drivers = new Set<string>();
    let kills = 0;
    for (
      let child = first;
      await killAfter(child, RECORDS);
      child = host.start('nfvd', 'recover')
    ) {
      kills++;
      lookAtNics(drivers);
      assert.ok(kills < MAX_STARTS, 'no end of it');
    }
    return { kills, drivers };
  }

  it('is gone on with: the host is as the profile wants it', async () => {
    const file = host.profile(BUSY_PROFILE);
    const { kills, drivers } = await toTheEnd(host.start('nfvctl', 'apply', '-f', file));
    assert.ok(kills >= 5, `killed ${kills} times`);
    process.stdout.write(`      killed ${kills} times; drivers seen: ${[...drivers].join(', ')}\n`);
    assert.match(await host.ok('status'), /State: +ready/);
    assert.equal(eye.driverOf(PF0), 'vfio-pci');
    assert.equal(eye.vfCount(PF1), 3);
    assert.deepEqual([eye.pages(0), eye.pages(1)], [32, 16]);
  });

  it('of undo too: the host is byte for byte as it was', async () => {
    const { kills, drivers } = await toTheEnd(host.start('nfvctl', 'undo'));
    assert.ok(kills >= 5, `killed ${kills} times`);
    process.stdout.write(`      killed ${kills} times; drivers seen: ${[...drivers].join(', ')}\n`);
    assert.match(await host.ok('status'), /State: +idle/);
    assert.deepEqual(eye.everything(), was);
  });

  it('of a change that waits to be confirmed: it is taken back', async () => {
    const file = host.profile(BUSY_PROFILE);
    const child = host.start('nfvctl', 'apply', '-f', file, '--confirm', '10m');
    assert.ok(await killAfter(child, 12));
    // The guard that apply has started sees to it, though nobody else does.
    await eventually(async () => (await host.ok('status')).includes('idle'), CHANGE_MS, 2000);
    assert.deepEqual(eye.everything(), was);
  });
});
