import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../../src/model/canonical.js';
import type { ResourceChange } from '../../../../src/model/changes.js';
import { effectOf, type Effect } from '../../../../src/nva/changes/effect.js';
import { hashOf } from '../../../../src/nva/changes/hash.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import type { Change } from '../../../../src/nva/compiler/inputs.js';
import { endpointSpec, networkSpec, nveInput } from '../../../support/specs.js';
import { turnsDuring } from '../../../support/turns.js';

const NVES = 4;
const ENDPOINTS = 600;

const nve = (i: number): string => `nve-${i % NVES}`;
const macOf = (i: number): string =>
  `02:00:00:00:${[i >> 8, i & 255].map((each) => each.toString(16).padStart(2, '0')).join(':')}`;

/** With half of the endpoints. */
function world(): CompileIndex {
  const index = new CompileIndex();
  for (let i = 0; i < NVES; i++) {
    index.load({ kind: 'Nve', id: nve(i), after: nveInput([`192.0.2.${i + 1}`]) });
  }
  for (const [i, id] of ['net', 'other'].entries()) {
    index.load({ kind: 'VirtualNetwork', id, after: networkSpec({ vni: 100 + i }) });
  }
  for (let i = 0; i < ENDPOINTS / 2; i++) index.load(created(i));
  return index;
}

const created = (i: number): Change => ({
  kind: 'Endpoint',
  id: `e-${i}`,
  after: endpointSpec({ network: i % 3 === 0 ? 'other' : 'net', nve: nve(i), mac: macOf(i) }),
});

/** Of each kind: some go, some come, some go to another network, one network is another. */
function changes(): Change[] {
  const all: Change[] = [];
  for (let i = 0; i < ENDPOINTS; i++) {
    if (i % 5 === 0) all.push({ kind: 'Endpoint', id: `e-${i}`, after: undefined });
    else all.push(created(i % 7 === 0 ? i + 1 : i));
  }
  all.push({ kind: 'VirtualNetwork', id: 'net', after: networkSpec({ vni: 100, mtu: 1400 }) });
  return all;
}

/** `NVE KEY VERSION` of what one piece of work comes to. */
function inOnePiece(index: CompileIndex, all: readonly Change[]): string[] {
  return [...index.applyAll(all)].flatMap(([id, { upserts, removes }]) => [
    ...[...upserts.values()].map(({ key, version }) => `${id} ${key} ${version}`),
    ...[...removes].map((key) => `${id} ${key} `),
  ]);
}

const told = (effect: Effect): string[] =>
  [...effect].flatMap(([id, items]) => items.map(({ key, version }) => `${id} ${key} ${version}`));

describe('the effect of a plan', () => {
  it('is that of all changes in one piece, worked out in turns with others', async () => {
    const index = world();
    let effect: Effect = new Map();
    const turns = await turnsDuring(async () => {
      effect = await effectOf(index, changes);
    });
    assert.ok(turns > 20, `${turns} turns`);
    assert.deepEqual(told(effect).sort(), inOnePiece(world(), changes()).sort());
    assert.ok(effect.size === NVES && told(effect).length > ENDPOINTS);
  });

  it('is as of one moment, though the model moves while it is copied', async () => {
    const index = world();
    const late: Change = { kind: 'Endpoint', id: 'e-1', after: undefined };
    let isMoved = false;
    setImmediate(() => {
      isMoved = true;
      index.apply(late);
    });
    let copies = 0;
    const effect = await effectOf(index, () => {
      copies++;
      return changes();
    });
    assert.ok(isMoved);
    assert.equal(copies, 2);
    const moved = world();
    moved.apply(late);
    assert.deepEqual(told(effect).sort(), inOnePiece(moved, changes()).sort());
  });

  it('is worked out though the model moves with every turn', async () => {
    const index = world();
    let isOver = false;
    const move = (): void => {
      if (isOver) return;
      index.load({ kind: 'Nve', id: 'beside', after: nveInput(['192.0.2.9']) });
      setImmediate(move);
    };
    move();
    try {
      const effect = await effectOf(index, changes);
      assert.deepEqual(told(effect).sort(), inOnePiece(world(), changes()).sort());
    } finally {
      isOver = true;
    }
  });
});

describe('the hash of a plan', () => {
  it('is over the canonical JSON of all of it, in turns with others', async () => {
    const effect = await effectOf(world(), changes);
    const planned = Array.from({ length: ENDPOINTS }, (_, i): ResourceChange => {
      const spec = endpointSpec({ mac: macOf(i) });
      const id = `e-${ENDPOINTS - i}`;
      const is = { kind: 'Endpoint', id, spec } as const;
      return i % 2 === 0
        ? { verb: 'CREATE', kind: 'Endpoint', id, after: is }
        : { verb: 'DELETE', kind: 'Endpoint', id, before: is };
    });
    const resources = planned
      .map(({ verb, id, before, after }) => ({
        name: `endpoints/${id}`,
        ...{ verb, before: before?.spec, after: after?.spec },
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const nves = [...effect]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, items]) => [id, items.map(({ key, version }) => [key, version])]);
    const text = canonicalJson({ resources, nves });
    let hash = '';
    const turns = await turnsDuring(async () => {
      hash = await hashOf(planned, effect);
    });
    assert.equal(hash, createHash('sha256').update(text).digest('hex'));
    assert.ok(turns > 5, `${turns} turns`);
    assert.notEqual(await hashOf([], new Map()), hash);
    assert.equal(
      await hashOf([], new Map()),
      createHash('sha256').update('{"nves":[],"resources":[]}').digest('hex'),
    );
  });
});
