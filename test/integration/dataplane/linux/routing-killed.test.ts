/** Agents that die while they make routers. */
import assert from 'node:assert/strict';
import { eventually } from '../../../support/eventually.js';
import { LinuxHost, rankOf } from '../../../support/linux-host.js';
import { VTEP, whole } from '../../../support/linux-routing-samples.js';
import { needNetns } from '../../../support/netns.js';

describe('kernel dataplane: an agent that is killed while it makes routers', function () {
  this.timeout(60_000);
  let host: LinuxHost;

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`]);
  });

  after(() => host.close());

  const applyAll = async (): Promise<void> => {
    const steps = await host.plan(whole, 'all');
    for (let rank = 0; rank <= 7; rank++) {
      await host.apply(
        steps.filter((step) => step.op !== 'delete' && rankOf(step.item.payload) === rank),
      );
    }
  };

  for (const [title, isThere] of [
    ['a name', async () => (await host.routers()).length > 0],
    ['an end of a gateway', () => has('link', 'nfvg')],
    ['a gateway in its bridge', () => has('link', `nfvg\\d+@.*master nfvb`)],
    ['a neighbour of a bridge', () => has('neigh', 'PERMANENT')],
  ] as const) {
    it(`converges again after there was ${title}`, async () => {
      const work = applyAll().catch(() => undefined);
      await eventually(isThere, 10_000, 1);
      await host.restart();
      await work;
      await host.converge(whole, 'all');
      await host.converge([], 'all');
      assert.deepEqual(await host.routers(), []);
    });
  }

  async function has(what: string, pattern: string): Promise<boolean> {
    return new RegExp(pattern).test(await host.ns.ip('-o', what, 'show'));
  }
});
