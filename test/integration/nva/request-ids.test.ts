/** A request that is repeated is answered to who made it, and tells nobody else what it was. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { NfvError } from '../../../src/errors.js';
import type { Grant } from '../../../src/model/access-policy.js';
import type { Call, CreateRequest } from '../../../src/model/api.js';
import type { ApplyRequest } from '../../../src/model/changes.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import { requestKey } from '../../../src/nva/keys.js';
import { GuardingNva } from '../../../src/nva/access/guarding.js';
import { applyAll, gone, HOSTS, network, wanted } from '../../support/changes-world.js';
import { eventually } from '../../support/eventually.js';
import { callWith, grant, tapIn } from '../../support/guarded.js';
import { NvaHarness } from '../../support/nva-harness.js';
import { refusedWith } from '../../support/refusals.js';
import { networkSpec } from '../../support/specs.js';

function callOf(name: string, ...grants: readonly Grant[]): Call {
  return { ...callWith(), caller: { who: `user/${name}`, grants } };
}

const ALICE = callOf('alice', grant('tenant', ['red', 'blue'], ['tap']));
const BOB = callOf('bob', grant('tenant', ['blue'], ['tap']));
const ADMIN = callOf('admin', grant('admin'));

describe('the repeat of a request', () => {
  let nva: NvaHarness;
  let api: GuardingNva;
  let requestId: string;
  beforeEach(async () => {
    requestId = randomUUID();
    nva = await NvaHarness.start();
    api = new GuardingNva(nva.nva);
    await applyAll(
      nva.nva,
      ...HOSTS,
      network('blue', { tenant: 'blue' }),
      network('red', { tenant: 'red' }),
    );
  });
  afterEach(() => nva.close());

  /** Of Alice, for both tenants. */
  const planned = async (): Promise<ApplyRequest> => {
    const plan = wanted(network('secret', { tenant: 'red' }), network('open', { tenant: 'blue' }));
    const { hash } = await api.changes.plan(plan, ALICE);
    return { plan, hash, requestId, confirmWithinMs: 0 };
  };
  const web = (of: string): CreateRequest<EndpointSpec> => {
    return { id: 'web', spec: tapIn(of), requestId, validateOnly: false };
  };
  const tellsNothing = (error: NfvError): void => {
    const text = `request id ${requestId} was used for another request`;
    assert.deepEqual([error.message, error.violations, error.metadata], [text, [], {}]);
  };
  /** As it was written before it said who asked. */
  const asBefore = async (): Promise<void> => {
    const key = requestKey(requestId);
    const kv = await nva.store.get(key);
    const { who, ...rest } = z.looseObject({ who: z.string() }).parse(JSON.parse(kv?.value ?? ''));
    assert.notEqual(who, '');
    const op = { kind: 'put', key, value: JSON.stringify(rest) } as const;
    await nva.store.txn({ compare: [], ops: [op] });
  };

  it('of Apply answers who made it, and nobody else', async () => {
    const request = await planned();
    const first = await api.changes.apply(request, ALICE);
    assert.deepEqual(await api.changes.apply(request, ALICE), first);
    for (const other of [BOB, ADMIN]) {
      tellsNothing(await refusedWith('REQUEST_ID_REUSED', api.changes.apply(request, other)));
    }
  });

  it('of Apply shows what may be read by now', async () => {
    const request = await planned();
    await api.changes.apply(request, ALICE);
    const less = callOf('alice', grant('tenant', ['blue'], ['tap']));
    const { changes } = await api.changes.apply(request, less);
    assert.deepEqual(
      changes.map(({ id }) => id),
      ['open'],
    );
  });

  it('of Create answers who made it, and nobody else', async () => {
    const first = await api.endpoints.create(web('blue'), ALICE);
    assert.deepEqual(await api.endpoints.create(web('blue'), ALICE), first);
    for (const other of [BOB, ADMIN]) {
      const again = api.endpoints.create(web('blue'), other);
      tellsNothing(await refusedWith('REQUEST_ID_REUSED', again));
    }
  });

  it('with another body names what it was only to who made it', async () => {
    await api.endpoints.create(web('red'), ALICE);
    const own = await refusedWith('REQUEST_ID_REUSED', api.endpoints.create(web('blue'), ALICE));
    assert.match(own.message, /was used for endpoints\/web with another body$/);
    tellsNothing(await refusedWith('REQUEST_ID_REUSED', api.endpoints.create(web('blue'), BOB)));
    const request = { id: 'web', spec: networkSpec({ tenant: 'blue' }), requestId };
    tellsNothing(
      await refusedWith(
        'REQUEST_ID_REUSED',
        api.virtualNetworks.create({ ...request, validateOnly: false }, BOB),
      ),
    );
  });

  it('of Create has the status of then, not that of what has the name by now', async () => {
    const first = await api.endpoints.create(web('blue'), BOB);
    await applyAll(nva.nva, gone('Endpoint', 'web'));
    await api.endpoints.create({ ...web('red'), requestId: '' }, ALICE);
    await eventually(async () => (await api.endpoints.get('web', ALICE)).status.reasonCode !== '');
    assert.deepEqual(await api.endpoints.create(web('blue'), BOB), first);
    await nva.store.compact(nva.store.status().revision);
    assert.deepEqual(await api.endpoints.create(web('blue'), BOB), first);
    await applyAll(nva.nva, gone('Endpoint', 'web'));
    await nva.store.compact(nva.store.status().revision);
    assert.deepEqual(await api.endpoints.create(web('blue'), BOB), first);
  });

  it('of Create of a network has its MTU of then', async () => {
    const id = 'net';
    const spec = networkSpec({ tenant: 'blue', mtu: 1300 });
    const request = { id, spec, requestId, validateOnly: false };
    const first = await api.virtualNetworks.create(request, BOB);
    await applyAll(nva.nva, gone('VirtualNetwork', id));
    await applyAll(nva.nva, network(id, { tenant: 'red', mtu: 1200 }));
    await nva.store.compact(nva.store.status().revision);
    assert.equal(first.effectiveMtu, 1300);
    assert.deepEqual(await api.virtualNetworks.create(request, BOB), first);
  });

  it('of Create is answered when history is gone, as long as it is there', async () => {
    const first = await api.endpoints.create(web('blue'), BOB);
    await eventually(async () => (await api.endpoints.get('web', BOB)).status.reasonCode !== '');
    await nva.store.compact(nva.store.status().revision);
    assert.deepEqual(await api.endpoints.create(web('blue'), BOB), first);
  });

  it('that an earlier version answered is known, of Apply by the author of the change', async () => {
    const request = await planned();
    const first = await api.changes.apply(request, ALICE);
    await asBefore();
    tellsNothing(await refusedWith('REQUEST_ID_REUSED', api.changes.apply(request, BOB)));
    assert.deepEqual((await api.changes.apply(request, ALICE)).changes, first.changes);
    requestId = randomUUID();
    const created = await api.endpoints.create(web('blue'), ALICE);
    await asBefore();
    assert.deepEqual((await api.endpoints.create(web('blue'), ALICE)).spec, created.spec);
    tellsNothing(await refusedWith('REQUEST_ID_REUSED', api.endpoints.create(web('red'), ALICE)));
  });
});
