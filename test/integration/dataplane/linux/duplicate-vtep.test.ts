/** A VTEP address that another host has, too: the kernel has found so, and takes nothing that is sent to it. */
import assert from 'node:assert/strict';
import { keyOf } from '../../../../src/model/item.js';
import { eventually } from '../../../support/eventually.js';
import { LinuxHost } from '../../../support/linux-host.js';
import { domain, vtepItem } from '../../../support/linux-items.js';
import { cable, needNetns, Netns } from '../../../support/netns.js';

const VTEP = 'fd01::1';

describe('kernel dataplane: a VTEP address that is a duplicate', function () {
  this.timeout(30_000);
  let host: LinuxHost;
  let other: Netns;
  const wanted = [vtepItem(VTEP), domain(7, VTEP)];

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.create();
    other = await Netns.create();
    await cable([host.ns, 'u0'], [other, 'u0']);
    await other.ip('addr', 'add', `${VTEP}/64`, 'dev', 'u0', 'nodad');
    await host.watch();
  });
  after(async () => {
    await host.close();
    await other.close();
  });

  const isTold = (): boolean =>
    host.changes.some((keys) => keys === 'unknown' || keys.has(keyOf(vtepItem(VTEP))));

  it('is not there, which is told with the reason', async () => {
    await host.observe(wanted, 'all');
    await host.ns.ip('addr', 'add', `${VTEP}/64`, 'dev', 'u0');
    await eventually(async () => (await host.ns.ip('addr', 'show')).includes('dadfailed'));
    await eventually(isTold);
    const { objects } = await host.observe(wanted, 'all');
    assert.deepEqual([...objects.keys()], []);
    for (const step of await host.plan(wanted)) {
      const [error] = await host.apply([step]);
      assert.equal(error?.code, 'VTEP_ADDRESS_MISSING');
      assert.match(error.message, /another host has fd01::1, too: .* failed on u0/);
    }
  });

  it('is there when it is given anew, and nobody else has it', async () => {
    host.changes.length = 0;
    await other.ip('addr', 'del', `${VTEP}/64`, 'dev', 'u0');
    await host.ns.ip('addr', 'del', `${VTEP}/64`, 'dev', 'u0');
    await host.ns.ip('addr', 'add', `${VTEP}/64`, 'dev', 'u0');
    await eventually(isTold);
    await host.converge(wanted, 'all');
    await host.converge([], 'all');
  });
});
