/** Where frames for an endpoint that migrates go, and what its two ports are like, in each phase. */
import assert from 'node:assert/strict';
import type { MigrationPhase } from '../../../../src/model/migration-phase.js';
import type { PlacedEndpoint } from '../../../../src/model/migration.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { endpointSpec, migrationTo, networkSpec, nveInput } from '../../../support/specs.js';

describe('nva/compiler: a migration', () => {
  const UP = '192.0.2.1';
  const TARGET = '192.0.2.2';
  const MAC = '02:00:00:00:00:01';
  const endpoint = (phase: MigrationPhase | undefined): PlacedEndpoint => ({
    ...endpointSpec({ network: 'net', nve: 'source', mac: MAC, ips: ['10.0.0.1'] }),
    ...(phase === undefined ? {} : { migration: migrationTo('target', { phase }) }),
  });

  /** The endpoint, a peer, an NVE that is in another network, and one that has nothing yet. */
  function populated(): CompileIndex {
    const index = new CompileIndex();
    index.apply({ kind: 'VirtualNetwork', id: 'net', after: networkSpec({ vni: 5 }) });
    const vteps = { source: UP, target: TARGET, peer: '192.0.2.3', other: '192.0.2.4' };
    for (const [id, address] of Object.entries(vteps)) {
      index.apply({ kind: 'Nve', id, after: nveInput([address], 1500) });
    }
    for (const [n, nve] of ['peer', 'other'].entries()) {
      const network = nve === 'peer' ? 'net' : 'elsewhere';
      const after = endpointSpec({ network, nve, mac: `02:00:00:00:00:1${n}` });
      index.apply({ kind: 'Endpoint', id: `at-${nve}`, after });
    }
    index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint(undefined) });
    return index;
  }

  /** Where each NVE sends frames for the endpoint, and what its port is like. */
  function seen(index: CompileIndex): Record<string, string> {
    const told = ['source', 'target', 'peer'].map((nve) => {
      const items = index.full(nve);
      const port = items.get('port/ep')?.payload;
      const mac = items.get(`mac/5/${MAC}`)?.payload;
      const up = port?.kind !== 'port' ? 'no port' : port.adminUp ? 'up' : 'down';
      const via = mac?.kind !== 'mac_entry' ? undefined : mac.via;
      const to = via === undefined ? 'nowhere' : via.kind === 'remote' ? via.vtep : 'here';
      return [nve, `${up}, ${to}`] as const;
    });
    return Object.fromEntries(told);
  }

  const courses: readonly [MigrationPhase, string, string, string][] = [
    ['ASSOCIATING', 'up, here', `down, ${UP}`, `no port, ${UP}`],
    ['ASSOCIATED', 'up, here', `down, ${UP}`, `no port, ${UP}`],
    ['ACTIVATING', 'up, here', 'up, here', `no port, ${UP}`],
    ['SWITCHING', 'up, here', 'up, here', `no port, ${TARGET}`],
    ['RETURNING', 'up, here', 'up, here', `no port, ${UP}`],
    ['CANCELLED', 'up, here', 'no port, nowhere', `no port, ${UP}`],
    ['FAILED', 'up, here', 'no port, nowhere', `no port, ${UP}`],
  ];
  for (const [phase, source, target, peer] of courses) {
    it(`${phase}: ${source} at the source, ${target} at the target, ${peer} elsewhere`, () => {
      const index = populated();
      index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint(phase) });
      assert.deepEqual(seen(index), { source, target, peer });
    });
  }

  it('SWITCHING, of a guest that somebody else has moved: the source sends there, too', () => {
    const index = populated();
    const migration = migrationTo('target', { phase: 'SWITCHING', hold: true });
    index.apply({ kind: 'Endpoint', id: 'ep', after: { ...endpoint(undefined), migration } });
    const peer = `no port, ${TARGET}`;
    assert.deepEqual(seen(index), { source: `up, ${TARGET}`, target: 'up, here', peer });
  });

  it('brings the target into the network at once: tunnels, flood lists, mappings', () => {
    const index = populated();
    const after = endpoint('ASSOCIATING');
    const deltas = index.apply({ kind: 'Endpoint', id: 'ep', after });
    assert.deepEqual([...deltas.keys()].sort(), ['peer', 'source', 'target']);
    assert.deepEqual([...(deltas.get('peer')?.upserts.keys() ?? [])].sort(), [
      `flood/5/${TARGET}`,
      `tunnel/5/${TARGET}`,
    ]);
    assert.deepEqual([...(deltas.get('target')?.upserts.keys() ?? [])].sort(), [
      'bd/5',
      'flood/5/192.0.2.1',
      'flood/5/192.0.2.3',
      'mac/5/02:00:00:00:00:01',
      'mac/5/02:00:00:00:00:10',
      'neigh/5/10.0.0.1',
      'port/ep',
      'tunnel/5/192.0.2.1',
      'tunnel/5/192.0.2.3',
    ]);
  });

  it('switches by one small compile for each NVE of the network, and no full one', () => {
    const index = populated();
    index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint('ASSOCIATING') });
    index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint('ACTIVATING') });
    const before = { ...index.counters };
    const deltas = index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint('SWITCHING') });
    assert.deepEqual(
      [...deltas].map(([nve, { upserts, removes }]) => [nve, [...upserts.keys()], removes.size]),
      ['peer'].map((nve) => [nve, [`mac/5/${MAC}`], 0]),
    );
    assert.deepEqual(index.counters, { ...before, endpoint: before.endpoint + 3 });
  });

  it('concerns all of the target, and elsewhere what leads there', () => {
    const index = populated();
    index.apply({ kind: 'Endpoint', id: 'ep', after: endpoint('ASSOCIATING') });
    const keys = new Map(
      [...index.concerned('ep', 'target')].map(([nve, items]) => [
        nve,
        items.map(({ key }) => key).sort(),
      ]),
    );
    assert.deepEqual([...keys.keys()].sort(), ['peer', 'source', 'target']);
    assert.deepEqual(
      keys.get('target'),
      [...index.full('target').keys()].filter((key) => !key.startsWith('vtep/')).sort(),
    );
    assert.deepEqual(keys.get('peer'), [
      `flood/5/${TARGET}`,
      `mac/5/${MAC}`,
      'neigh/5/10.0.0.1',
      `tunnel/5/${TARGET}`,
    ]);
    assert.deepEqual(keys.get('source'), [
      `flood/5/${TARGET}`,
      `mac/5/${MAC}`,
      'neigh/5/10.0.0.1',
      'port/ep',
      `tunnel/5/${TARGET}`,
    ]);
  });
});
