/** Changes that were made without an error, and of which the host or others made something else. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostPreparation } from '../../../../src/nve/host/preparation.js';
import {
  assertSame,
  BUSY_PROFILE,
  busyHost,
  everything,
  STARTUP_CONF,
} from '../../../support/fake-sysfs/busy-host.js';
import { FakeHost } from '../../../support/fake-sysfs/host.js';
import { PF0, twoNodes } from '../../../support/fake-sysfs/hosts.js';
import { Preparing, request } from '../../../support/preparing.js';

describe('HostPreparation, what is seen', () => {
  let host: FakeHost;
  let preparing: Preparing;
  let preparation: HostPreparation;
  let before: string[];

  beforeEach(async () => {
    await open(busyHost());
  });
  afterEach(async () => {
    await preparing.stop();
    host.close();
  });
  async function open(fake: FakeHost): Promise<void> {
    host = fake;
    before = everything(host);
    preparing = new Preparing(host);
    preparation = await preparing.start();
  }
  const apply = (text = BUSY_PROFILE, more = {}) =>
    preparation.apply(request(text, more), host.signal);

  it('undoes its own lines of startup.conf, and keeps what was written there since', async () => {
    const path = join(host.kernel.root, STARTUP_CONF);
    const own = readFileSync(path, 'utf8');
    await apply();
    appendFileSync(path, '\nnat { endpoint-dependent }\n');
    await preparation.undo(host.signal);
    assert.equal(readFileSync(path, 'utf8'), `${own}\nnat { endpoint-dependent }\n`);
  });

  it('does not call a host prepared whose VPP has no port of the NIC', async () => {
    host.kernel.state.vppTrouble = 'blind';
    await assert.rejects(apply(), {
      code: 'NOT_APPEARED',
      message: /^vpp runs, and VPP has no up$/,
    });
    assertSame(everything(host), before);
  });

  it('counts only pages that are still there as its own', async () => {
    const pool = host.kernel.state.pools.get(1)?.get(2048) ?? assert.fail();
    await apply('hugepages: [{ size: 2M, node: 1, pages: 12 }]');
    pool.total = 3;
    host.kernel.show();
    await apply('hugepages: [{ size: 2M, node: 1, pages: 20 }]');
    assert.deepEqual(preparation.status().hugepages, [{ node: 1, sizeKb: 2048, pages: 20 }]);
  });

  it('does not call a VF prepared that shares its IOMMU group with its PF', async () => {
    await preparing.stop();
    host.close();
    const state = twoNodes();
    const fn = state.functions.get(PF0);
    if (fn?.pf !== undefined) fn.pf = { ...fn.pf, oneGroup: true };
    state.files.set(STARTUP_CONF, '');
    await open(new FakeHost(state));
    const text = `nics: [{ name: pf, role: sriov, match: { bdf: "${PF0}" }, sriov: { count: 1, defaults: { driver: vfio-pci } } }]`;
    await assert.rejects(apply(text), {
      code: 'READBACK_MISMATCH',
      message: `all steps were done, and now 0000:41:10.0: ${PF0} (network, driver igb) is in its IOMMU group 7 and stays with the kernel`,
    });
    assertSame(everything(host), before);
  });

  for (const queued of [true, false]) {
    it(`leaves VPP's start at a boot to systemd, ${queued ? 'which has it in its queue' : 'and asks for it'}`, async () => {
      await apply();
      await preparing.stop();
      host.kernel.reboot();
      Object.assign(host.kernel.state, { ourUnit: 'nfvd-host.service', active: new Set() });
      if (queued) host.kernel.state.queued.add('vpp');
      host.kernel.show();
      host.kernel.log.length = 0;
      host.restart();
      preparation = await preparing.start();
      assert.equal(preparation.status().state, 'ready');
      assert.deepEqual([...host.kernel.state.queued], ['vpp']);
      assert.equal(host.kernel.fn(PF0).driver, 'vfio-pci');
      assert.deepEqual(
        host.kernel.log.filter((call) => call.startsWith('systemctl')),
        queued ? [] : ['systemctl --no-block start vpp'],
      );
    });
  }
});
