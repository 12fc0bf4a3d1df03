/**
 * A crash at calls that change the host, before them and after them: the next start finishes
 * what was begun, and an undo of that still finds everything as it was. The processes here are
 * parts of one.
 */
import assert from 'node:assert/strict';
import {
  assertSame,
  BUSY_PROFILE,
  busyHost,
  everything,
} from '../../../support/fake-sysfs/busy-host.js';
import type { Crash, FakeHost } from '../../../support/fake-sysfs/host.js';
import { Preparing, request } from '../../../support/preparing.js';

const LONG = process.env['NFVD_TEST_LONG'] === '1';

describe('a crash', function () {
  this.timeout(300_000);
  let was: string[];
  let after: string[];
  let applyCalls: readonly string[];
  let undoCalls: readonly string[];

  before(async () => {
    const host = busyHost();
    const preparing = new Preparing(host);
    was = everything(host);
    const preparation = await preparing.start();
    await preparation.apply(request(BUSY_PROFILE), host.signal);
    after = everything(host);
    applyCalls = host.kernel.log.splice(0);
    await preparation.undo(host.signal);
    undoCalls = host.kernel.log.splice(0);
    await preparing.stop();
    host.close();
  });

  async function onHost(work: (host: FakeHost, preparing: Preparing) => Promise<void>) {
    const host = busyHost();
    const preparing = new Preparing(host);
    try {
      await work(host, preparing);
    } finally {
      await preparing.stop();
      host.close();
    }
  }

  /** The kernel gives VFs that nobody named new addresses each time. */
  const named = (lines: readonly string[]): string[] =>
    lines.map((line) => line.replaceAll(/fe:00:00:00:00:../g, 'fe'));

  async function crashIn(work: Promise<unknown>, crashed: Promise<void>): Promise<void> {
    work.catch(() => undefined);
    await crashed;
  }

  it('in apply is gone on with, and can be undone', async () => {
    assert.ok(applyCalls.length > 20);
    for (const crash of points(applyCalls)) {
      await onHost(async (host, preparing) => {
        const first = await preparing.start();
        await crashIn(first.apply(request(BUSY_PROFILE), host.signal), host.crashAt(crash));
        await preparing.crashed();
        const second = await preparing.start();
        const where = `${crash.when} ${applyCalls[crash.call] ?? ''}`;
        assert.equal(second.status().state, 'ready', where);
        assertSame(named(everything(host)), named(after), where);
        await second.undo(host.signal);
        assertSame(everything(host), was, where);
      });
    }
  });

  it('in undo is gone on with', async () => {
    assert.ok(undoCalls.length > 20);
    for (const crash of points(undoCalls)) {
      await onHost(async (host, preparing) => {
        const first = await preparing.start();
        await first.apply(request(BUSY_PROFILE), host.signal);
        host.kernel.log.length = 0;
        await crashIn(first.undo(host.signal), host.crashAt(crash));
        await preparing.crashed();
        const second = await preparing.start();
        const where = `${crash.when} ${undoCalls[crash.call] ?? ''}`;
        assert.equal(second.status().state, 'idle', where);
        assertSame(everything(host), was, where);
      });
    }
  });

  it('in apply of what must be confirmed is taken back', async () => {
    for (const crash of points(applyCalls)) {
      await onHost(async (host, preparing) => {
        const first = await preparing.start();
        const asked = request(BUSY_PROFILE, { confirmMs: 300_000 });
        await crashIn(first.apply(asked, host.signal), host.crashAt(crash));
        await preparing.crashed();
        const second = await preparing.start();
        assert.equal(second.status().state, 'idle');
        assertSame(everything(host), was, `${crash.when} ${applyCalls[crash.call] ?? ''}`);
      });
    }
  });

  it('after a crash, and another one while that is mended, still ends well', async () => {
    for (const crash of points(applyCalls)) {
      await onHost(async (host, preparing) => {
        const first = await preparing.start();
        await crashIn(first.apply(request(BUSY_PROFILE), host.signal), host.crashAt(crash));
        await preparing.crashed();
        const call = host.kernel.log.length + 1;
        if (call < applyCalls.length - 1) {
          const second = await preparing.open();
          await crashIn(second.recover(host.signal), host.crashAt({ call, when: 'after' }));
          await preparing.crashed();
        }
        const last = await preparing.start();
        assertSame(named(everything(host)), named(after));
        await last.undo(host.signal);
        assertSame(everything(host), was);
      });
    }
  });
});

/** All with NFVD_TEST_LONG=1, else one in five. */
function points(calls: readonly string[]): Crash[] {
  const all = calls.flatMap((_, call): Crash[] => [
    { call, when: 'before' },
    { call, when: 'after' },
  ]);
  return LONG ? all : all.filter((_, i) => i % 5 === 0);
}
