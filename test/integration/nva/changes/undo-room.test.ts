/** What is accepted with a confirmation time can be undone, as close to what the store takes as it may be. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import type { Applied, Wanted } from '../../../../src/model/changes.js';
import { NEW_HOST_PROFILE } from '../../../../src/model/host-profile.js';
import {
  applyAll,
  applyPlan,
  endpoint,
  gone,
  network,
  nve,
  put,
  router,
  specsIn,
  subnet,
  wanted,
} from '../../../support/changes-world.js';
import { BUSY_PROFILE } from '../../../support/fake-sysfs/busy-host.js';
import { call, NvaHarness } from '../../../support/nva-harness.js';

/** More than any kind has room for in one transaction. */
const MANY = 60;

type Kind = 'VirtualNetwork' | 'Nve' | 'Subnet' | 'Router' | 'Endpoint' | 'HostProfile';

const hostProfile = (id: string, displayName: string): Wanted =>
  put({
    kind: 'HostProfile',
    id,
    spec: { ...NEW_HOST_PROFILE, displayName, profile: BUSY_PROFILE },
  });

/** The resource number `i` of a kind, and the same changed as much as it can be. */
const OF: Record<Kind, (i: number) => readonly [id: string, is: Wanted, changed: Wanted]> = {
  VirtualNetwork: (i) => {
    const vni = 5000 + i;
    return [`n${i}`, network(`n${i}`, { vni }), network(`n${i}`, { vni, mtu: 1400 })];
  },
  Nve: (i) => [`h${i}`, nve(`h${i}`, `198.51.100.${i}`), nve(`h${i}`, `203.0.113.${i}`)],
  Subnet: (i) => {
    const of = { prefix: `10.1.${i}.0/24`, gateway: `10.1.${i}.1` };
    return [`s${i}`, subnet(`s${i}`, of), subnet(`s${i}`, { ...of, gateway: `10.1.${i}.2` })];
  },
  Router: (i) => [
    `r${i}`,
    router(`r${i}`, { vrfId: i + 1, subnets: [`of-${i}`] }),
    router(`r${i}`, { vrfId: i + 1, subnets: [] }),
  ],
  Endpoint: (i) => {
    const one = { mac: `02:00:00:00:01:${hex(i)}`, ips: [`10.0.0.${i + 10}`] };
    const allowedAddresses = [{ ip: `10.0.1.${i + 10}`, mac: '' }];
    const other = { mac: `02:00:00:00:02:${hex(i)}`, nve: 'host-b', allowedAddresses };
    return [`e${i}`, endpoint(`e${i}`, { ...one, allowedAddresses }), endpoint(`e${i}`, other)];
  },
  HostProfile: (i) => [`p${i}`, hostProfile(`p${i}`, 'one'), hostProfile(`p${i}`, 'another')],
};

const hex = (i: number): string => i.toString(16).padStart(2, '0');

describe('the undo of a change as large as is accepted', function () {
  this.timeout(20_000);
  let nva: NvaHarness;
  beforeEach(async () => {
    nva = await NvaHarness.start();
    await applyAll(
      nva.client,
      ...[nve('host-a', '192.0.2.1'), nve('host-b', '192.0.2.2'), network('blue', { vni: 7 })],
    );
  });
  afterEach(() => nva.close());

  /** A few at a time: all of them take more than one transaction. */
  async function make(all: readonly Wanted[]): Promise<void> {
    for (let i = 0; i < all.length; i += 6) await applyAll(nva.client, ...all.slice(i, i + 6));
  }

  /** As many of them, from the first, as are accepted. */
  async function mostOf(all: readonly Wanted[]): Promise<Applied> {
    for (let n = all.length; n > 0;) {
      try {
        return await applyPlan(nva.client, wanted(...all.slice(0, n)), 60_000);
      } catch (thrown) {
        const { code, metadata } = NfvError.from(thrown);
        if (code !== 'PLAN_TOO_LARGE') throw thrown;
        // Each takes the same: never less than what is accepted.
        n = Math.min(
          n - 1,
          Math.ceil((n * Number(metadata['limit'])) / Number(metadata['needed'])),
        );
      }
    }
    throw new Error('not even one is accepted');
  }

  async function isUndone(all: readonly Wanted[]): Promise<void> {
    const specs = await specsIn(nva.store);
    const { revision, changes } = await mostOf(all);
    assert.ok(changes.length > 3 && changes.length < all.length, `${changes.length} are accepted`);
    await nva.client.changes.confirm({ revision, undo: true }, call);
    assert.deepEqual(await specsIn(nva.store), specs);
  }

  it('brings back what is long', async () => {
    const profile = `${BUSY_PROFILE}\n# ${'x'.repeat(58_000)}`;
    const ids = [...Array(14).keys()].map((i) => `p${i}`);
    for (const id of ids) {
      const spec = { ...NEW_HOST_PROFILE, profile };
      await applyAll(nva.client, put({ kind: 'HostProfile', id, spec }));
    }
    await isUndone(ids.map((id) => gone('HostProfile', id)));
  });

  for (const kind of [
    'VirtualNetwork',
    'Nve',
    'Subnet',
    'Router',
    'Endpoint',
    'HostProfile',
  ] as const) {
    describe(`of kind ${kind}`, () => {
      const all = [...Array(MANY).keys()].map((i) => OF[kind](i));
      beforeEach(async () => {
        if (kind !== 'Router') return;
        const networks = all.map((_, i) => network(`of-${i}`, { vni: 6000 + i }));
        const subnets = all.map((_, i) => {
          const of = { network: `of-${i}`, prefix: `10.2.${i}.0/24`, gateway: `10.2.${i}.1` };
          return subnet(`of-${i}`, of);
        });
        await make([...networks, ...subnets]);
      });

      it('takes away what was created', () => isUndone(all.map(([, is]) => is)));

      it('changes back what was changed', async () => {
        await make(all.map(([, is]) => is));
        await isUndone(all.map(([, , changed]) => changed));
      });

      it('brings back what was deleted', async () => {
        await make(all.map(([, is]) => is));
        await isUndone(all.map(([id]) => gone(kind, id)));
      });
    });
  }
});
