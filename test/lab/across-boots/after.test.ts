/** The boot after before.test.ts: what `nfvd host recover` makes of what it finds, as its unit runs it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { CONFIRMED, SEEN_BEFORE } from '../support/across.js';
import * as eye from '../support/eye.js';
import { LabHost, needGuest, PF0, PF1 } from '../support/lab-host.js';

describe('after a boot', () => {
  before(function () {
    needGuest(this);
    assert.equal(eye.vfCount(PF0), 0);
    assert.equal(eye.pages(0), 0);
  });

  it('a host that was prepared is not ready by itself, and says so', async () => {
    const host = new LabHost('confirmed');
    assert.match(await host.ok('status'), /State: +rebooted\nReady for endpoints: +no/);
  });

  it('nfvd host recover applies again what was confirmed', async () => {
    const host = new LabHost('confirmed');
    const { out } = await host.ended(host.start('nfvd', 'recover'));
    assert.match(out, /"state":"ready","ready":true/);
    assert.equal(eye.vfCount(PF0), 2);
    const before: unknown = JSON.parse(readFileSync(SEEN_BEFORE, 'utf8'));
    assert.deepEqual([eye.vfOf(PF0, 0), eye.vfOf(PF0, 1)], before);
    assert.equal(eye.driverOf(eye.vfAt(PF0, 0)), 'vfio-pci');
    assert.equal(eye.pages(0), 24);
    assert.match(await host.ok('plan', '-f', host.profile(CONFIRMED)), /Steps: none/);
  });

  it('and takes back what was not', async () => {
    const host = new LabHost('unconfirmed');
    const { out } = await host.ended(host.start('nfvd', 'recover'));
    assert.match(out, /"state":"idle"/);
    assert.equal(eye.driverOf(PF1), 'igb');
    assert.equal(eye.pages(1), 0);
  });

  it('what the power cut off is taken back, from a journal that can be read', async () => {
    const host = new LabHost('cut-off');
    assert.match(await host.ok('status'), /State: +interrupted/);
    await host.ended(host.start('nfvd', 'recover'));
    assert.match(await host.ok('status'), /State: +idle/);
    assert.equal(eye.pages(1), 0);
  });

  it('undo of the confirmed one still leads back to before it', async () => {
    const host = new LabHost('confirmed');
    await host.ok('undo');
    assert.equal(eye.vfCount(PF0), 0);
    assert.equal(eye.pages(0), 0);
    assert.match(await host.ok('status'), /State: +idle/);
  });
});
