import assert from 'node:assert/strict';
import { makeHugepages, observeHugepages } from '../../../src/dpdk/set-hugepages.js';
import type { StepOf } from '../../../src/model/host/steps.js';
import { FakeHost } from '../../support/fake-sysfs/host.js';
import { twoNodes } from '../../support/fake-sysfs/hosts.js';
import { refusal } from '../../support/refusals.js';

function step(pages: number, more: Partial<StepOf<'hugepages'>> = {}): StepOf<'hugepages'> {
  return { kind: 'hugepages', node: 1, sizeKb: 2048, pages, ...more };
}

describe('makeHugepages', () => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost(twoNodes());
  });
  afterEach(() => {
    host.close();
  });

  const make = (s: StepOf<'hugepages'>) => makeHugepages(host.doors, s, host.signal);
  const pool = (node: number) => host.kernel.state.pools.get(node)?.get(2048) ?? assert.fail();

  it('sets the pages of one node, and of no other', async () => {
    await make(step(512));
    assert.deepEqual([pool(0).total, pool(1).total], [0, 512]);
    assert.deepEqual(await observeHugepages(host.doors, step(512)), {
      holds: true,
      found: '512 pages',
    });
    assert.deepEqual(host.kernel.log, [
      'write sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages = 512',
    ]);
  });

  it('tells a short allocation, which the kernel does not', async () => {
    const error = await refusal(make(step(100_000)));
    assert.equal(error.code, 'HUGEPAGES_SHORT');
    assert.equal(error.message, 'node 1 gave 900 of 100000 hugepages of 2M');
    assert.deepEqual(error.metadata, { node: '1', size: '2M', wanted: '100000', got: '900' });
  });

  it('tries again while memory is being compacted, within a minute', async () => {
    Object.assign(pool(1), { capacity: 10, grows: 10 });
    await make(step(100));
    assert.equal(pool(1).total, 100);
    Object.assign(pool(1), { capacity: 100, grows: 1 });
    const before = host.clock.monotonic();
    assert.equal((await refusal(make(step(5000)))).code, 'HUGEPAGES_SHORT');
    assert.ok(host.clock.monotonic() - before <= 61_000);
  });

  it('gives up soon when nothing more comes', async () => {
    const before = host.clock.monotonic();
    await refusal(make(step(1000)));
    assert.ok(host.clock.monotonic() - before <= 5000);
  });

  it('says how to get pages that come at boot only', async () => {
    const error = await refusal(make(step(4, { sizeKb: 1_048_576 })));
    assert.equal(error.message, 'node 1 gave 0 of 4 hugepages of 1G');
    assert.equal(error.remedy, 'reserve them at boot: hugepagesz=1G hugepages=1:4');
    host.kernel.faults({ on: /nr_hugepages/, trouble: { errno: 'EINVAL' } });
    const runtime = await refusal(make(step(4, { sizeKb: 1_048_576 })));
    assert.equal(runtime.code, 'REBOOT_NEEDED');
  });

  it('counts pages in use that are to go as gone', async () => {
    await make(step(100));
    pool(1).used = 60;
    await make(step(10));
    assert.deepEqual([pool(1).total, pool(1).surplus], [60, 50]);
    assert.equal((await observeHugepages(host.doors, step(10))).holds, true);
  });

  it('says which node or size is not there', async () => {
    for (const more of [{ node: 7 }, { sizeKb: 16 }]) {
      const error = await refusal(make(step(1, more)));
      assert.match(error.message, /ENOENT .*: no such node, or no pages of this size$/);
    }
  });

  it('says so in a container', async () => {
    host.kernel.state.readOnly = true;
    const error = await refusal(make(step(1)));
    assert.equal(error.code, 'NOT_PRIVILEGED');
    assert.equal(error.remedy, 'mount /sys read-write; a container has it read-only');
  });
});
