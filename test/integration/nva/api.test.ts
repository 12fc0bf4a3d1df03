import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { NvaApi } from '../../../src/model/api.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import { call, type NvaHarness } from '../../support/nva-harness.js';
import {
  beside,
  change,
  create,
  everything,
  rejected,
  startSmallModel,
  web,
} from '../../support/small-model.js';
import { networkSpec } from '../../support/specs.js';

describe('nva over gRPC', () => {
  let harness: NvaHarness;
  let api: NvaApi;

  beforeEach(async () => {
    harness = await startSmallModel();
    api = harness.client;
  });

  afterEach(() => harness.close());

  it('tells everything that is wrong at once', async () => {
    const spec = beside({ mac: '01:00:00:00:00:00', ips: ['nonsense', '10.0.0.0.1'] });
    const error = await rejected(api.endpoints.create(create('new', spec), call));
    assert.deepEqual(
      error.violations.map(({ field }) => field),
      ['endpoint.mac', 'endpoint.ips[0]', 'endpoint.ips[1]'],
    );
  });

  it('answers a repeated create as the first time, and once only', async () => {
    const id = randomUUID();
    const first = await api.endpoints.create(create('new', beside({ mac: '' }), id), call);
    const again = await api.endpoints.create(create('new', beside({ mac: '' }), id), call);
    assert.deepEqual(again, first);
    const capital = create('new', beside({ mac: '' }), id.toUpperCase());
    assert.deepEqual(await api.endpoints.create(capital, call), first);
    const another = randomUUID();
    const both = await Promise.all(
      [0, 1].map(() => api.endpoints.create(create('new-2', newer(), another), call)),
    );
    assert.deepEqual(both[1]?.spec, both[0]?.spec);
    const error = await rejected(api.endpoints.create(create('new', beside(), id), call));
    assert.equal(error.code, 'REQUEST_ID_REUSED');

    function newer(): EndpointSpec {
      const port = {
        kind: 'tap',
        interface: '',
        ownerUid: 0,
        multiQueue: false,
        vnetHdr: false,
      } as const;
      return beside({ mac: '', port });
    }
  });

  it('changes only the fields that are named, and the etag with them', async () => {
    const before = await api.endpoints.get('web', call);
    const after = await api.endpoints.update(
      change<EndpointSpec>('web', { displayName: 'Web' }, before.meta.etag),
      call,
    );
    assert.deepEqual(after.spec, { ...before.spec, displayName: 'Web' });
    assert.notEqual(after.meta.etag, before.meta.etag);
    const error = await rejected(
      api.endpoints.update(
        change<EndpointSpec>('web', { displayName: 'W' }, before.meta.etag),
        call,
      ),
    );
    assert.equal(error.code, 'ETAG_MISMATCH');
  });

  it('writes nothing for an update that changes nothing', async () => {
    const { revision } = harness.store.status();
    await api.endpoints.update(change<EndpointSpec>('web', { mac: '02-00-00-00-00-01' }), call);
    assert.equal(harness.store.status().revision, revision);
  });

  it('frees what a deleted resource had', async () => {
    const gone = { id: 'web', etag: '', validateOnly: false };
    await api.endpoints.delete(gone, call);
    await api.endpoints.delete(gone, call);
    await api.endpoints.create(create('web-2', web()), call);
    await api.endpoints.delete({ ...gone, id: 'web-2' }, call);
    await api.virtualNetworks.delete({ ...gone, id: 'blue' }, call);
    await api.virtualNetworks.create(create('blue', networkSpec({ vni: 100 })), call);
  });

  it('moves an endpoint to another NVE, and frees the old one', async () => {
    await api.endpoints.update(change<EndpointSpec>('web', { nve: 'host-b' }), call);
    await api.nves.delete({ id: 'host-a', etag: '', validateOnly: false }, call);
    assert.equal((await api.endpoints.get('web', call)).spec.nve, 'host-b');
  });

  it('checks without writing', async () => {
    const { revision } = harness.store.status();
    const fine = { ...create('new', beside()), validateOnly: true };
    assert.equal((await api.endpoints.create(fine, call)).spec.mac, '02:00:00:00:00:02');
    const doubled = { ...create('new', beside({ ips: ['10.0.0.1'] })), validateOnly: true };
    assert.equal((await rejected(api.endpoints.create(doubled, call))).code, 'IP_IN_USE');
    const inUse = { id: 'blue', etag: '', validateOnly: true };
    assert.equal((await rejected(api.virtualNetworks.delete(inUse, call))).code, 'RESOURCE_IN_USE');
    assert.equal(harness.store.status().revision, revision);
  });

  it('lets one of many win a name, a VNI, a MAC and an address', async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        api.endpoints.create(
          create(`new-${i % 10}`, beside({ ips: ['10.0.0.7'], mac: '02:00:00:00:00:07' })),
          call,
        ),
      ),
    );
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
    const networks = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        api.virtualNetworks.create(create(`auto-${i}`, networkSpec()), call),
      ),
    );
    assert.equal(new Set(networks.map(({ spec }) => spec.vni)).size, 50);
  });

  it('lists in pages of one revision while others write', async () => {
    for (let i = 0; i < 25; i++) {
      await api.virtualNetworks.create(
        create(`n-${String(i).padStart(2, '0')}`, networkSpec()),
        call,
      );
    }
    const seen: string[] = [];
    let pageToken = '';
    let revision = 0;
    do {
      const page = await api.virtualNetworks.list({ ...everything, pageSize: 10, pageToken }, call);
      seen.push(...page.resources.map(({ id }) => id));
      revision ||= page.revision;
      assert.equal(page.revision, revision);
      pageToken = page.nextPageToken;
      await api.virtualNetworks.delete({ id: 'n-24', etag: '', validateOnly: false }, call);
      await api.virtualNetworks.create(create(`z-${seen.length}`, networkSpec()), call);
    } while (pageToken !== '');
    assert.equal(seen.length, 26);
    assert.deepEqual(seen, [...seen].sort());
    assert.ok(seen.includes('n-24'));
    const filtered = await api.virtualNetworks.list({ ...everything, filter: 'vni = 100' }, call);
    assert.deepEqual(
      filtered.resources.map(({ id }) => id),
      ['blue'],
    );
  });
});
