/** Changes that come at once: what one endpoint gives up, another has. */
import assert from 'node:assert/strict';
import type { Item } from '../../../../src/model/item.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import type { Change } from '../../../../src/nva/compiler/inputs.js';
import { endpointSpec, networkSpec, nveInput } from '../../../support/specs.js';

const endpoint = (id: string, n: number, ip: string): Change => {
  const at = { nve: `host-${n}`, mac: `02:00:00:00:00:0${n}`, ips: [ip] };
  return { kind: 'Endpoint', id, after: endpointSpec({ network: 'net', ...at }) };
};

/** What each NVE holds after the changes, as it would be told of them. */
function told(before: readonly Change[], changes: readonly Change[]): [CompileIndex, Held] {
  const index = new CompileIndex();
  for (const change of before) index.load(change);
  const held: Held = new Map();
  for (const nve of index.nves()) held.set(nve, index.full(nve));
  for (const [nve, { upserts, removes }] of index.applyAll(changes)) {
    for (const key of removes) held.get(nve)?.delete(key);
    for (const [key, item] of upserts) held.get(nve)?.set(key, item);
  }
  return [index, held];
}

type Held = Map<string, Map<string, Item>>;

const versions = (items: ReadonlyMap<string, Item> | undefined): string[] =>
  [...(items ?? [])].map(([key, { version }]) => `${key} ${version}`).sort();

describe('changes that come at once', () => {
  const world: readonly Change[] = [
    { kind: 'VirtualNetwork', id: 'net', after: networkSpec({ vni: 100 }) },
    { kind: 'Nve', id: 'host-1', after: nveInput(['192.0.2.1']) },
    { kind: 'Nve', id: 'host-2', after: nveInput(['192.0.2.2']) },
    endpoint('a', 1, '10.0.0.1'),
    endpoint('b', 2, '10.0.0.2'),
  ];
  const CASES: readonly (readonly [about: string, changes: readonly Change[]])[] = [
    [
      'an address goes to who comes first',
      [endpoint('a', 1, '10.0.0.2'), endpoint('b', 2, '10.0.0.3')],
    ],
    ['and to who comes last', [endpoint('b', 2, '10.0.0.3'), endpoint('a', 1, '10.0.0.2')]],
    ['two are exchanged', [endpoint('a', 1, '10.0.0.2'), endpoint('b', 2, '10.0.0.1')]],
    [
      'the endpoint that had it goes',
      [endpoint('a', 1, '10.0.0.2'), { kind: 'Endpoint', id: 'b', after: undefined }],
    ],
  ];
  for (const [about, changes] of CASES) {
    it(`come to what all of them make: ${about}`, () => {
      const [index, held] = told(world, changes);
      for (const nve of ['host-1', 'host-2']) {
        assert.deepEqual(versions(held.get(nve)), versions(index.full(nve)), nve);
      }
    });
  }
});
