/** What a plan gives to those that leave it open: VNIs, ids of tables, addresses. */
import assert from 'node:assert/strict';
import type { Wanted } from '../../../../src/model/changes.js';
import type { EndpointSpec } from '../../../../src/model/endpoint.js';
import {
  applyAll,
  applyPlan,
  endpoint,
  gone,
  HOSTS,
  network,
  plan,
  router,
  subnet,
  wanted,
} from '../../../support/changes-world.js';
import { call, NvaHarness } from '../../../support/nva-harness.js';
import { refusedWith } from '../../../support/refusals.js';

describe('what a plan gives', () => {
  let nva: NvaHarness;
  beforeEach(async () => {
    nva = await NvaHarness.start();
  });
  afterEach(() => nva.close());

  it('gives what is left open nothing that is named elsewhere in it, wherever that stands', async () => {
    const small = await NvaHarness.start({ vniRange: { min: 100, max: 102 } });
    try {
      const v6 = subnet('blue-v6', { prefix: 'fd00::/64', gateway: 'fd00::1' });
      await applyAll(small.client, ...HOSTS, network('blue', { vni: 7 }), subnet('blue-v4'), v6);
      const both = { subnets: ['blue-v4', 'blue-v6'] };
      const wishes = [
        ...[router('r1'), router('r2'), router('r3', { vrfId: 101 })],
        ...[network('n1'), network('n2'), network('n3', { vni: 101 })],
        endpoint('e1', { ...both, ips: ['fd00::10'] }),
        endpoint('e2', { ips: ['10.0.0.2', 'FD00::2'] }),
        endpoint('e3', { ...both, ips: ['10.0.0.10'] }),
      ];
      await applyAll(small.client, ...wishes);
      const ips = async (id: string): Promise<readonly string[]> =>
        (await small.client.endpoints.get(id, call)).spec.ips;
      assert.deepEqual(await ips('e1'), ['fd00::10', '10.0.0.3']);
      assert.deepEqual(await ips('e3'), ['10.0.0.10', 'fd00::3']);
      assert.deepEqual((await plan(small.client, ...wishes)).changes, []);
    } finally {
      await small.close();
    }
  });

  it('gives what it takes from somebody, where there is no other', async () => {
    const small = await NvaHarness.start({ vniRange: { min: 100, max: 101 } });
    try {
      const pools = [{ first: '10.0.0.10', last: '10.0.0.11' }];
      const a = endpoint('a', { subnets: ['blue-v4'] });
      await applyAll(small.client, ...HOSTS, network('blue'), subnet('blue-v4', { pools }), a);
      const given = async (...wishes: Wanted[]): Promise<string> => {
        const after = (await plan(small.client, ...wishes)).changes.at(-1)?.after;
        return after?.kind === 'Endpoint' ? after.spec.ips.join() : '';
      };
      const b = endpoint('b', { subnets: ['blue-v4'] });
      assert.equal(await given(gone('Endpoint', 'a'), b), '10.0.0.11');
      await applyAll(small.client, b, network('red'));
      const c = endpoint('c', { subnets: ['blue-v4'] });
      await refusedWith('ADDRESSES_EXHAUSTED', plan(small.client, c));
      assert.equal(await given(c, gone('Endpoint', 'a')), '10.0.0.10');
      await refusedWith('VNI_EXHAUSTED', plan(small.client, network('green')));
      await plan(small.client, network('green'), gone('VirtualNetwork', 'red'));
    } finally {
      await small.close();
    }
  });

  describe('with one that is free and one that it takes from somebody', () => {
    const pools = [{ first: '10.0.0.10', last: '10.0.0.11' }];
    const inPool = { subnets: ['blue-v4'] };
    let small: NvaHarness;
    beforeEach(async () => {
      small = await NvaHarness.start({ vniRange: { min: 100, max: 101 } });
      await applyAll(
        small.client,
        ...[...HOSTS, network('blue', { vni: 7 }), subnet('blue-v4', { pools })],
      );
    });
    afterEach(() => small.close());

    const KINDS = [
      ['addresses', 'Endpoint', 'ADDRESSES_EXHAUSTED', (id: string) => endpoint(id, inPool)],
      ['VNIs', 'VirtualNetwork', 'VNI_EXHAUSTED', (id: string) => network(id)],
      ['ids of tables', 'Router', 'VNI_EXHAUSTED', (id: string) => router(id)],
    ] as const;
    for (const [title, kind, code, make] of KINDS) {
      it(`gives two both ${title}, and a third one none`, async () => {
        await applyAll(small.client, make('a'));
        const two = [gone(kind, 'a'), make('b'), make('c')];
        await refusedWith(code, plan(small.client, ...two, make('d')));
        await refusedWith(code, plan(small.client, make('b'), make('c')));
        await applyAll(small.client, ...two);
        await refusedWith(code, plan(small.client, make('d')));
      });
    }

    it('gives none that a change keeps that is not confirmed', async () => {
      await applyAll(small.client, network('a'), network('b'));
      await applyPlan(small.client, wanted(gone('VirtualNetwork', 'a')), 60_000);
      await refusedWith('VNI_EXHAUSTED', plan(small.client, network('c')));
    });

    it('gives an address that only what goes was allowed, none that another may still have', async () => {
      const vip = { ips: ['10.0.0.50'], allowedAddresses: [{ ip: '10.0.0.11', mac: '' }] };
      await applyAll(small.client, endpoint('a', inPool), endpoint('vip', vip));
      const [away, b] = [gone('Endpoint', 'vip'), endpoint('b', inPool)];
      const after = (await plan(small.client, away, b)).changes.at(-1)?.after;
      assert.deepEqual(after?.kind === 'Endpoint' ? after.spec.ips : [], ['10.0.0.11']);
      await applyAll(small.client, endpoint('vip2', { ...vip, ips: ['10.0.0.51'] }));
      await refusedWith('ADDRESSES_EXHAUSTED', plan(small.client, away, b));
    });
  });

  it('gives no address that it lets somebody have besides, and ends where there is no other', async () => {
    const pools = [{ first: '10.0.0.10', last: '10.0.0.11' }];
    await applyAll(nva.client, ...HOSTS, network('blue'), subnet('blue-v4', { pools }));
    const allowed = (...ips: string[]): Pick<EndpointSpec, 'allowedAddresses'> => ({
      allowedAddresses: ips.map((ip) => ({ ip, mac: '' })),
    });
    const given = endpoint('given', { subnets: ['blue-v4'] });
    const made = await plan(nva.client, given, endpoint('vip', allowed('10.0.0.10')));
    const after = made.changes.find(({ id }) => id === 'given')?.after;
    assert.deepEqual(after?.kind === 'Endpoint' ? after.spec.ips : [], ['10.0.0.11']);
    const both = endpoint('vip', allowed('10.0.0.10', '10.0.0.11'));
    await refusedWith('ADDRESSES_EXHAUSTED', plan(nva.client, both, given));
  });
});
