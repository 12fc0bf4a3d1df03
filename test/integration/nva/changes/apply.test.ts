import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ApplyRequest, Wanted } from '../../../../src/model/changes.js';
import { parseResourceKey, ROOT } from '../../../../src/nva/keys.js';
import { scan } from '../../../../src/nva/scan.js';
import {
  applyAll,
  endpoint,
  gone,
  HOSTS,
  network,
  plan,
  specsIn,
  subnet,
  wanted,
} from '../../../support/changes-world.js';
import { call, NvaHarness } from '../../../support/nva-harness.js';
import { refusedWith } from '../../../support/refusals.js';

describe('Apply', () => {
  let nva: NvaHarness;
  beforeEach(async () => {
    nva = await NvaHarness.start();
    await applyAll(nva.client, ...HOSTS, network('blue', { prefixes: ['10.0.0.0/24'] }));
  });
  afterEach(() => nva.close());

  const WEB = endpoint('web', { ips: ['10.0.0.10'] });
  const requestOf = async (...all: readonly Wanted[]): Promise<ApplyRequest> => {
    const { hash } = await plan(nva.client, ...all);
    return { plan: wanted(...all), hash, requestId: '', confirmWithinMs: 0 };
  };

  /** Of all keys, but statuses: those are written when there is something to tell. */
  const revisions = async (): Promise<Record<string, number>> => {
    const found: Record<string, number> = {};
    for await (const { key, modRevision } of scan(nva.store, ROOT)) {
      if (parseResourceKey(key)?.part !== 'status') found[key] = modRevision;
    }
    return found;
  };

  it('does all of it at one revision', async () => {
    const { revision } = await applyAll(nva.client, WEB, subnet('blue-v4'));
    const web = await nva.client.endpoints.get('web', call);
    const blue = await nva.client.subnets.get('blue-v4', call);
    assert.deepEqual([web.meta.revision, blue.meta.revision], [revision, revision]);
  });

  it('goes through where what else has changed does not matter', async () => {
    const request = await requestOf(WEB);
    await applyAll(nva.client, network('red'));
    await nva.client.changes.apply(request, call);
    assert.equal((await nva.client.endpoints.get('web', call)).id, 'web');
  });

  it('refuses what would do something else now, and writes nothing', async () => {
    const request = await requestOf(WEB);
    // Its peers would be told of another flood list.
    await applyAll(nva.client, endpoint('db', { nve: 'host-b', ips: ['10.0.0.11'] }));
    const before = await specsIn(nva.store);
    await refusedWith('PLAN_CHANGED', nva.client.changes.apply(request, call));
    assert.deepEqual(await specsIn(nva.store), before);
  });

  it('refuses what cannot be done any more, and says why', async () => {
    const request = await requestOf(WEB);
    await applyAll(nva.client, gone('VirtualNetwork', 'blue'));
    const error = await refusedWith('PLAN_CHANGED', nva.client.changes.apply(request, call));
    assert.deepEqual(
      error.violations.map(({ field }) => field),
      ['changes[0].put.endpoint.network'],
    );
  });

  it('answers a repeat as the first, and refuses the id with another body', async () => {
    const request = { ...(await requestOf(WEB)), requestId: randomUUID() };
    const first = await nva.client.changes.apply(request, call);
    const again = await nva.client.changes.apply(request, call);
    assert.deepEqual(again, first);
    const other = { ...request, confirmWithinMs: 60_000 };
    await refusedWith('REQUEST_ID_REUSED', nva.client.changes.apply(other, call));
  });

  it('answers all who ask for the same at once as the first', async () => {
    const request = { ...(await requestOf(WEB)), requestId: randomUUID() };
    const wishes = Array.from({ length: 6 }, () => nva.client.changes.apply(request, call));
    const [first, ...others] = await Promise.all(wishes);
    for (const other of others) assert.deepEqual(other, first);
  });

  it('answers at once where there is nothing to do', async () => {
    await applyAll(nva.client, WEB);
    const before = await revisions();
    const again = await applyAll(nva.client, WEB);
    assert.deepEqual([again.changes, await revisions()], [[], before]);
  });

  const BAD: readonly [field: string, part: Partial<ApplyRequest>][] = [
    ['plan_hash', { hash: 'no' }],
    ['request_id', { requestId: 'no' }],
    ['confirm_within', { confirmWithinMs: 999 }],
    ['confirm_within', { confirmWithinMs: 86_400_001 }],
  ];
  for (const [field, part] of BAD) {
    it(`refuses ${field} ${JSON.stringify(part)}`, async () => {
      const request = { ...(await requestOf(WEB)), ...part };
      const error = await refusedWith('INVALID_FIELD', nva.client.changes.apply(request, call));
      assert.deepEqual(
        error.violations.map((violation) => violation.field),
        [field],
      );
    });
  }

  it('refuses more than the store takes at once, and says how much that is', async () => {
    const many = Array.from({ length: 40 }, (_, i) => endpoint(`e${i}`, { ips: [] }));
    const request = await requestOf(...many);
    const { revision } = nva.store.status();
    const error = await refusedWith('PLAN_TOO_LARGE', nva.client.changes.apply(request, call));
    assert.equal(error.metadata['limit'], '120');
    assert.equal(nva.store.status().revision, revision);
  });

  it('of two that want the same address, one does it all and the other nothing', async () => {
    const other = endpoint('other', { ips: ['10.0.0.10'] });
    const requests = [
      await requestOf(WEB, network('red')),
      await requestOf(other, network('green')),
    ];
    const results = await Promise.allSettled(
      requests.map((request) => nva.client.changes.apply(request, call)),
    );
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const specs = Object.keys(await specsIn(nva.store));
    const first = specs.includes('endpoints/web');
    assert.equal(specs.includes('virtualNetworks/red'), first);
    assert.equal(specs.includes('endpoints/other'), !first);
    assert.equal(specs.includes('virtualNetworks/green'), !first);
  });
});
