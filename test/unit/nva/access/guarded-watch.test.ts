import assert from 'node:assert/strict';
import type { Call, ResourceKind, WatchEvent } from '../../../../src/model/api.js';
import { NO_ENDPOINT_STATUS } from '../../../../src/model/endpoint.js';
import { GuardingNva } from '../../../../src/nva/access/guarding.js';
import { callWith, grant, NEW, tapIn, twoTenants } from '../../../support/guarded.js';
import type { MemoryNva } from '../../../support/memory-nva.js';
import { networkSpec } from '../../../support/specs.js';

const TENANT = callWith(grant('tenant', ['blue'], ['tap']));

describe('a watch of somebody who may not see all', () => {
  let nva: MemoryNva;

  beforeEach(async () => {
    nva = await twoTenants();
  });

  /** `PUT Endpoint/blue`, up to the event that is `last`. */
  const seen = async (
    last: string,
    { kinds = [], filter = '', startRevision = 0, call = TENANT }: Partial<Options> = {},
    meanwhile: () => Promise<void> = () => Promise.resolve(),
  ): Promise<string[]> => {
    const all: string[] = [];
    const request = { kinds, filter, startRevision };
    for await (const event of new GuardingNva(nva).watch(request, call)) {
      all.push(textOf(event));
      if (event.type === 'SYNCED') await meanwhile();
      if (textOf(event) === last) return all;
    }
    assert.fail(`it ended without ${last}`);
  };
  const remove = async (id: string): Promise<void> => {
    await nva.endpoints.delete({ id, etag: '', validateOnly: false });
  };
  const removeNetwork = async (id: string): Promise<void> => {
    await nva.virtualNetworks.delete({ id, etag: '', validateOnly: false });
  };
  const network = async (id: string, tenant: string): Promise<void> => {
    await nva.virtualNetworks.create({ ...NEW, id, spec: networkSpec({ tenant }) });
  };
  const endpoint = async (id: string, of: string): Promise<void> => {
    await nva.endpoints.create({ ...NEW, id, spec: tapIn(of) });
  };

  it('has what is theirs', async () => {
    const own = ['VirtualNetwork', 'Endpoint', 'Subnet', 'Router'];
    const blue = [...own.map((kind) => `PUT ${kind}/blue`), 'SYNCED'];
    assert.deepEqual(await seen('SYNCED'), blue);
    const viewer = callWith(grant('viewer'));
    assert.equal((await seen('SYNCED', { call: viewer })).length, 11);
  });

  it('reads nothing for statuses of others, and each of their networks once', async () => {
    const reads: string[] = [];
    for (const collection of [nva.virtualNetworks, nva.endpoints]) {
      for (const method of ['specAt', 'getAt'] as const) noteReads(collection, method, reads);
    }
    const report = (): void => {
      nva.endpoints.report('red', (each) => ({ ...each, status: NO_ENDPOINT_STATUS }));
    };
    const readOf = async (last: string, act: () => Promise<void> | void): Promise<string[]> => {
      const before = reads.length;
      const now = nva.revision;
      await act();
      await endpoint(last, 'blue');
      await seen(`PUT Endpoint/${last}`, { kinds: ['Endpoint'], startRevision: now });
      return reads.slice(before);
    };
    const own = ['specAt blue'];
    assert.deepEqual(
      await readOf('a', () => {
        for (let i = 0; i < 9; i++) report();
      }),
      ['specAt red', ...own],
    );
    const changed = async (): Promise<void> => {
      report();
      await nva.virtualNetworks.update({ ...ANY, id: 'red', changes: { labels: { a: 'b' } } });
      for (let i = 0; i < 9; i++) report();
    };
    assert.deepEqual(await readOf('b', changed), ['specAt red', 'specAt red', ...own]);
    const respecified = async (): Promise<void> => {
      report();
      await nva.endpoints.update({ ...ANY, id: 'red', changes: { labels: { a: 'b' } } });
      report();
    };
    // The network, then what the endpoint was.
    assert.deepEqual(await readOf('c', respecified), ['specAt red', 'specAt red', ...own]);
  });

  it('has nothing else with a filter either', async () => {
    const filter = 'network = "red"';
    assert.deepEqual(await seen('SYNCED', { kinds: ['Endpoint'], filter }), ['SYNCED']);
  });

  it('goes on with their own changes', async () => {
    const events = await seen('DELETED Endpoint/blue', { kinds: ['Endpoint'] }, async () => {
      await endpoint('red-2', 'red');
      await endpoint('blue-2', 'blue');
      await remove('red');
      await remove('blue');
    });
    const later = ['PUT Endpoint/blue-2', 'DELETED Endpoint/blue'];
    assert.deepEqual(events, ['PUT Endpoint/blue', 'SYNCED', ...later]);
  });

  it('has the end of what was theirs, also when its network is gone by then', async () => {
    await network('green', 'blue');
    await endpoint('mine', 'green');
    const events = await seen('DELETED Endpoint/mine', { kinds: ['Endpoint'] }, async () => {
      await remove('mine');
      await removeNetwork('green');
      await network('green', 'red');
    });
    assert.deepEqual(events.slice(-2), ['SYNCED', 'DELETED Endpoint/mine']);
  });

  it("has nothing of another tenant's network of the same name", async () => {
    await network('green', 'blue');
    await endpoint('mine', 'green');
    const events = await seen('PUT Endpoint/last', { kinds: ['Endpoint'] }, async () => {
      await remove('mine');
      await removeNetwork('green');
      await network('green', 'red');
      await endpoint('theirs', 'green');
      await endpoint('last', 'blue');
    });
    const later = ['DELETED Endpoint/mine', 'PUT Endpoint/last'];
    assert.deepEqual(events.slice(-2), later);
  });

  it('goes on over what was in a network of another tenant that has another one’s name by now', async () => {
    await network('green', 'red');
    const startRevision = nva.revision;
    await endpoint('theirs', 'green');
    await remove('theirs');
    await removeNetwork('green');
    await network('green', 'blue');
    await endpoint('mine', 'green');
    const later = await seen('PUT Endpoint/mine', { kinds: ['Endpoint'], startRevision });
    assert.deepEqual(later, ['PUT Endpoint/mine']);
  });

  it('has an end of which it never had the beginning, in a network that is gone by now', async () => {
    await network('green', 'blue');
    await endpoint('mine', 'green');
    const startRevision = nva.revision;
    await remove('mine');
    await removeNetwork('green');
    await network('green', 'red');
    for (const call of [TENANT, callWith(grant('operator'))]) {
      const options = { kinds: ['Endpoint'], startRevision, call } as const;
      const all = await seen('DELETED Endpoint/mine', options);
      assert.deepEqual(all, ['DELETED Endpoint/mine']);
    }
  });
});

const ANY = { etag: '', validateOnly: false };

/** Notes each call of it as `specAt ID`. */
function noteReads(
  of: Record<'specAt' | 'getAt', (id: string, revision: number) => Promise<unknown>>,
  method: 'specAt' | 'getAt',
  reads: string[],
): void {
  const read = of[method].bind(of);
  of[method] = (id, revision) => {
    reads.push(`${method} ${id}`);
    return read(id, revision);
  };
}

interface Options {
  readonly kinds: readonly ResourceKind[];
  readonly filter: string;
  readonly startRevision: number;
  readonly call: Call;
}

function textOf(event: WatchEvent): string {
  if (event.type === 'SYNCED') return 'SYNCED';
  return `${event.type} ${event.resource.kind}/${event.resource.id}`;
}
