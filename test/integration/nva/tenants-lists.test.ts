/** What a tenant is told by lists is the same whatever others have: pages, their tokens, and how many there are. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { z } from 'zod';
import type { Call } from '../../../src/model/api.js';
import type { Wanted } from '../../../src/model/changes.js';
import type { Collection } from '../../../src/model/names.js';
import { GuardingNva } from '../../../src/nva/access/guarding.js';
import {
  applyAll,
  endpoint,
  gone,
  HOSTS,
  network,
  router,
  subnet,
} from '../../support/changes-world.js';
import { callWith, grant, NEW } from '../../support/guarded.js';
import { NvaHarness } from '../../support/nva-harness.js';
import { networkSpec } from '../../support/specs.js';

const LISTED = [
  'virtualNetworks',
  'endpoints',
  'subnets',
  'routers',
  'nves',
  'hostProfiles',
] as const satisfies readonly Collection[];

/** What somebody may ask to find out about red's, and to see the own. */
const FILTERS: Record<Collection, readonly string[]> = {
  virtualNetworks: ['tenant = "red"', 'vni >= 5000', 'vni < 5000', 'labels.who = "red"'],
  endpoints: ['network = "virtualNetworks/red"', 'ips : "10.7.0.3"', 'labels.who = "red"'],
  subnets: ['network = "virtualNetworks/red"', 'prefix = "10.7.0.0/24"'],
  routers: ['tenant = "red"', 'labels.who = "red"'],
  nves: ['vtep_addresses : "192.0.2.1"', 'name = "nves/host-a"'],
  hostProfiles: [],
};

const position = z.object({ revision: z.number(), after: z.string(), filter: z.string() });

/** What a token says but for the revision, which is the whole store's. */
function told(token: string): unknown {
  if (token === '') return '';
  const json: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
  return position.omit({ revision: true }).parse(json);
}

/** The token as somebody may write it who guesses ids. */
function forged(token: string, after: string): string {
  const json: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
  return Buffer.from(JSON.stringify({ ...position.parse(json), after })).toString('base64url');
}

const BLUE: readonly Wanted[] = [
  network('blue', { tenant: 'blue', vni: 4500, labels: { who: 'blue' } }),
  network('mine', { tenant: 'blue', vni: 6000, labels: { who: 'blue' } }),
  subnet('mine', { network: 'mine', prefix: '10.6.0.0/24', gateway: '10.6.0.1' }),
  router('mine', { tenant: 'blue' }),
  ...['b-1', 'm-1', 'r-3', 'z-1'].map((id, i) =>
    endpoint(id, { network: 'blue', ips: [`10.1.0.${i + 2}`], labels: { who: 'blue' } }),
  ),
];

/** Red's, some of them between blue's by name. */
function ofRed(endpoints: readonly string[], isRouted: boolean): Wanted[] {
  const labels = { who: 'red' };
  return [
    network('red', { tenant: 'red', vni: 7777, labels }),
    subnet('red', { network: 'red', prefix: '10.7.0.0/24', gateway: '10.7.0.1' }),
    ...(isRouted ? [router('red', { tenant: 'red', labels })] : []),
    ...endpoints.map((id, i) => {
      return endpoint(id, { network: 'red', ips: [`10.7.0.${i + 2}`], labels });
    }),
  ];
}

describe('the lists of a tenant', () => {
  const call: Call = callWith(grant('tenant', ['blue'], ['tap']));
  let nva: NvaHarness;
  let api: GuardingNva;
  before(async () => {
    nva = await NvaHarness.start();
    api = new GuardingNva(nva.nva);
    await applyAll(nva.nva, ...HOSTS, ...BLUE);
  });
  after(() => nva.close());

  const page = async (
    collection: Collection,
    request: { readonly pageSize: number; readonly pageToken: string; readonly filter: string },
  ): Promise<{ readonly ids: readonly string[]; readonly token: string }> => {
    const { resources, nextPageToken } = await api[collection].list(request, call);
    return { ids: resources.map(({ id }) => id), token: nextPageToken };
  };
  /** All answers: of each page, and of each page after a token that was made up. */
  const answers = async (pageSize: number, guesses: readonly string[]): Promise<unknown[]> => {
    const all: unknown[] = [];
    for (const collection of LISTED) {
      for (const filter of ['', ...FILTERS[collection]]) {
        let pageToken = '';
        do {
          const { ids, token } = await page(collection, { pageSize, pageToken, filter });
          all.push([collection, filter, ids, told(token)]);
          for (const after of token === '' ? [] : guesses) {
            const guess = { pageSize, pageToken: forged(token, after), filter };
            const found = await page(collection, guess);
            all.push([collection, filter, after, found.ids, told(found.token)]);
          }
          pageToken = token;
        } while (pageToken !== '');
      }
    }
    return all;
  };

  it('are the same whether or not another has anything', async () => {
    const names = fc.constantFrom('a-1', 'b-0', 'b-2', 'm-0', 'm-2', 'r-1', 'r-2', 'z-0', 'z-2');
    const reds = fc.uniqueArray(names, { minLength: 1, maxLength: 6 });
    const property = fc.asyncProperty(
      ...([reds, fc.boolean(), fc.integer({ min: 1, max: 4 })] as const),
      async (endpoints, isRouted, size) => {
        const without = await answers(size, ['red', ...endpoints]);
        const theirs = ofRed(endpoints, isRouted);
        await applyAll(nva.nva, ...theirs);
        const beside = await answers(size, ['red', ...endpoints]);
        await applyAll(
          nva.nva,
          ...theirs.flatMap((each) => ('put' in each ? [gone(each.put.kind, each.put.id)] : [])),
        );
        assert.deepEqual(beside, without);
      },
    );
    await fc.assert(property, { numRuns: 12 });
  });

  it('have full pages of what is theirs, and none after the last', async () => {
    await applyAll(nva.nva, ...ofRed(['a-1', 'b-2', 'z-2'], true));
    const first = await page('endpoints', { pageSize: 2, pageToken: '', filter: '' });
    assert.deepEqual(first.ids, ['b-1', 'm-1']);
    const request = { pageSize: 2, pageToken: first.token, filter: '' };
    assert.deepEqual(await page('endpoints', request), { ids: ['r-3', 'z-1'], token: '' });
  });

  it('go by whose a network was at the revision that they show', async () => {
    const was = networkSpec({ tenant: 'green' });
    await nva.nva.virtualNetworks.create({ ...NEW, id: 'name', spec: was }, call);
    await applyAll(nva.nva, endpoint('theirs', { network: 'name' }));
    const [theirs, ours] = ['green', 'blue'].map((tenant) => callWith(grant('tenant', [tenant])));
    assert.ok(theirs !== undefined && ours !== undefined);
    const { revision } = await api.endpoints.list(
      { pageSize: 1, pageToken: '', filter: '' },
      theirs,
    );
    await applyAll(nva.nva, gone('Endpoint', 'theirs'));
    await applyAll(nva.nva, gone('VirtualNetwork', 'name'));
    await applyAll(nva.nva, network('name', { tenant: 'blue' }));
    const { nextPageToken } = await api.endpoints.list(
      { pageSize: 1, pageToken: '', filter: '' },
      ours,
    );
    const json: unknown = JSON.parse(Buffer.from(nextPageToken, 'base64url').toString());
    const back = { ...position.parse(json), revision, after: 'a' };
    const pageToken = Buffer.from(JSON.stringify(back)).toString('base64url');
    const ids = async (by: Call): Promise<string[]> =>
      (await api.endpoints.list({ pageSize: 0, pageToken, filter: '' }, by)).resources.map(
        ({ id }) => id,
      );
    assert.deepEqual(await ids(ours), ['b-1', 'm-1', 'r-3', 'z-1']);
    assert.deepEqual(await ids(theirs), ['theirs']);
  });
});
