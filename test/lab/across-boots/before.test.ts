/**
 * Three hosts' worth of state on one disk: a change that was confirmed, one that was not, and one in
 * whose middle the power goes. after.test.ts runs in the next boot.
 */
import assert from 'node:assert/strict';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { eventually } from '../../support/eventually.js';
import { CONFIRMED, SEEN_BEFORE, UNCONFIRMED } from '../support/across.js';
import * as eye from '../support/eye.js';
import { LabHost, needGuest, PF0, PF1 } from '../support/lab-host.js';

describe('before a boot', () => {
  before(function () {
    needGuest(this);
  });

  it('a profile is applied and confirmed', async () => {
    const host = new LabHost('confirmed');
    const { status, err } = await host.apply(CONFIRMED, '--confirm', '10m');
    assert.equal(status, 0, err);
    await host.ok('confirm');
    assert.equal(eye.vfCount(PF0), 2);
    const vfs = [eye.vfOf(PF0, 0), eye.vfOf(PF0, 1)];
    const file = openSync(SEEN_BEFORE, 'w');
    writeFileSync(file, JSON.stringify(vfs));
    fsyncSync(file);
    closeSync(file);
  });

  it('another one waits to be confirmed', async () => {
    const host = new LabHost('unconfirmed');
    const { status, err } = await host.apply(UNCONFIRMED, '--confirm', '10m');
    assert.equal(status, 0, err);
    assert.equal(eye.driverOf(PF1), 'vfio-pci');
  });

  it('a third is in its middle when the power goes', async () => {
    const host = new LabHost('cut-off');
    const file = host.profile('hugepages: [{ size: 2M, node: 1, pages: 40 }]\n');
    const child = host.start('nfvctl', 'apply', '-f', file);
    const begun = (): boolean =>
      existsSync(host.journal) && readFileSync(host.journal, 'utf8').includes('"type":"start"');
    await eventually(begun, 120_000, 1);
    // It goes no further; the guest ends with nothing flushed.
    process.kill(child.pid ?? 0, 'SIGSTOP');
    assert.match(await host.ok('status'), /State: +applying/);
  });
});
