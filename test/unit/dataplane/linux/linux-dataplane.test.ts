/** The dataplane as a whole, over an iproute2 that is not there or does not do what it should. */
import assert from 'node:assert/strict';
import { LinuxDataplane } from '../../../../src/dataplane/linux/linux-dataplane.js';
import { keyOf, type Payload } from '../../../../src/model/item.js';
import type { Observed, Step } from '../../../../src/reconcile/dataplane.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { FakeIproute2 } from '../../../support/fake-iproute2.js';
import { itemOf, itemsOf } from '../../../support/linux-host.js';
import { domain, macAt, tunnelTo, vtepItem } from '../../../support/linux-items.js';
import { nullLog } from '../../../support/null-log.js';

const MAC = '02:00:00:00:00:01';
const NEVER = new AbortController().signal;

const create = (payload: Payload): Step => ({
  op: 'create',
  key: keyOf(payload),
  item: itemOf(payload),
});

const remove = (payload: Payload): Step => {
  const key = keyOf(payload);
  const from: Observed = { key, payload, defects: [] };
  return { op: 'delete', key, from };
};

describe('LinuxDataplane', () => {
  let fake: FakeIproute2;
  let dataplane: LinuxDataplane;
  let clock: FakeClock;

  const open = (searchPath: string): LinuxDataplane =>
    new LinuxDataplane({ clock, log: nullLog, searchPath });

  beforeEach(async () => {
    fake = await FakeIproute2.create('ip', 'bridge', 'tc');
    clock = new FakeClock();
    dataplane = open(fake.searchPath);
  });

  afterEach(async () => {
    await dataplane.close();
    // Those that watch over processes stay until these have ended.
    await eventually(() => clock.pending === 0);
    await fake.remove();
  });

  it('says what is missing where there is no iproute2, for each thing it is asked', async () => {
    const without = open('/nowhere');
    const missing = { code: 'COMMAND_MISSING' };
    await assert.rejects(without.capabilities(NEVER), missing);
    await assert.rejects(without.underlays(NEVER), missing);
    await assert.rejects(without.observe({ kind: 'all' }, new Map(), NEVER), missing);
    const results = await without.apply([create(vtepItem('10.1.0.1'))], NEVER);
    assert.deepEqual(
      results.map((error) => error?.code),
      ['COMMAND_MISSING'],
    );
    await without.close();
  });

  it('answers for each step in their order, whatever becomes of the others', async () => {
    const steps = [
      remove(tunnelTo(7, '10.1.0.2', '10.1.0.1')),
      create(tunnelTo(7, '10.1.0.2', '10.1.0.1')),
      remove(vtepItem('10.1.0.1')),
      create(macAt(7, MAC, '10.1.0.2')),
    ];
    const results = await dataplane.apply(steps, NEVER);
    // The fake knows neither "route" nor "fdb".
    assert.deepEqual(
      results.map((error) => error?.code),
      [undefined, 'KERNEL_REFUSED', undefined, 'KERNEL_REFUSED'],
    );
  });

  it('begins no step of an operation that was given up', async () => {
    const results = await dataplane.apply(
      [create(domain(7, '10.1.0.1')), remove(domain(8, '10.1.0.1'))],
      AbortSignal.abort(),
    );
    assert.deepEqual(
      results.map((error) => error?.code),
      ['CANCELLED', 'CANCELLED'],
    );
    assert.deepEqual(await fake.said(), []);
  });

  it('gives no partial answer when something cannot be read', async () => {
    const wanted = itemsOf([vtepItem('10.1.0.1'), macAt(7, MAC, '10.1.0.2')]);
    const scope = { kind: 'keys', keys: new Set(wanted.keys()) } as const;
    await assert.rejects(dataplane.observe(scope, wanted, NEVER), { code: 'KERNEL_REFUSED' });
  });

  it('sees nothing in the place of a kind that it does not know', async () => {
    const scope = { kind: 'keys', keys: new Set(['nat/7']) } as const;
    const { objects, obstacles } = await dataplane.observe(scope, new Map(), NEVER);
    assert.deepEqual([objects.size, obstacles.size], [0, 0]);
    assert.deepEqual(await fake.said(), []);
  });

  it('listens with one monitor, however often it is asked, and ends it', async () => {
    dataplane.onChange(() => undefined);
    dataplane.onChange(() => undefined);
    const [pid = 0, ...others] = await eventually(async () => {
      const pids = await fake.started();
      return pids.length > 0 && pids;
    });
    assert.deepEqual(others, []);
    await dataplane.close();
    await eventually(() => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    });
  });

  it('does nothing more when it is closed', async () => {
    await dataplane.close();
    await assert.rejects(dataplane.underlays(NEVER), { code: 'SHUTTING_DOWN' });
    const [error] = await dataplane.apply([create(macAt(7, MAC, '10.1.0.2'))], NEVER);
    assert.equal(error?.code, 'SHUTTING_DOWN');
  });
});
