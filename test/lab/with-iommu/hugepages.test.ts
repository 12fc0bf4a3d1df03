import assert from 'node:assert/strict';
import * as eye from '../support/eye.js';
import { LabHost, needGuest } from '../support/lab-host.js';

const GIGA = 1024 * 1024;

describe('hugepages of a real kernel', () => {
  let host: LabHost;
  before(function () {
    needGuest(this);
    host = new LabHost('hugepages');
  });
  const now = (): number[] => [eye.pages(0), eye.pages(1)];

  it('are set node by node, and given back', async () => {
    await host.apply(
      'hugepages: [{ size: 2M, node: 0, pages: 64 }, { size: 2M, node: 1, pages: 128 }]',
    );
    assert.deepEqual(now(), [64, 128]);
    await host.ok('undo');
    assert.deepEqual(now(), [0, 0]);
  });

  it('that the kernel does not have are told, and those it gave go back', async () => {
    const info = eye.read('/sys/devices/system/node/node0/meminfo');
    // All of its memory: the plan lets it pass, and the kernel itself has some of it.
    const asked = Math.floor(Number(/Node 0 MemTotal: +(\d+)/.exec(info)?.[1]) / 2048);
    const error = await host.refused(`hugepages: [{ size: 2M, node: 0, pages: ${asked} }]`);
    const [, got, wanted] = /node 0 gave (\d+) of (\d+) hugepages of 2M/.exec(error) ?? [];
    assert.equal(Number(wanted), asked, error);
    assert.ok(Number(got) > 0 && Number(got) < asked, error);
    assert.match(error, /HUGEPAGES_SHORT/);
    assert.deepEqual(now(), [0, 0]);
    assert.match(await host.ok('status'), /State: +idle/);
  });

  it('of 1G that no node has in one piece are told with what to do at boot', async () => {
    const error = await host.refused('hugepages: [{ size: 1G, node: 1, pages: 1 }]');
    assert.match(error, /node 1 gave 0 of 1 hugepages of 1G/);
    assert.match(error, /hugepagesz=1G hugepages=1:1/);
    assert.equal(eye.pages(1, GIGA), 0);
  });

  it('that others reserved are not taken', async () => {
    eye.setPages(1, 10);
    try {
      await host.apply('hugepages: [{ size: 2M, node: 1, pages: 30 }]');
      assert.equal(eye.pages(1), 30);
      // Somebody takes five more, on top of ours.
      eye.setPages(1, 35);
      await host.ok('undo');
      assert.equal(eye.pages(1), 15);
    } finally {
      eye.setPages(1, 0);
    }
  });
});
