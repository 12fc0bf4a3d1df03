/** Lines are those that `ip monitor` of iproute2 6.1 printed. */
import assert from 'node:assert/strict';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { RouterChanges } from '../../../../src/dataplane/linux/router-changes.js';
import { keyOf, type Payload } from '../../../../src/model/item.js';
import { dropRoute, hop, routeTo, routeToVrf, vrf } from '../../../support/routing-items.js';

const NSID = 5;
const way = (to: number, flags: string, deleted = ''): string =>
  `[nsid ${NSID}][LINK]${deleted}2: vrf${to}@if2: <${flags}> mtu 65535 qdisc noqueue state DOWN ` +
  'group default \\    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netnsid 1';
const UP = 'BROADCAST,MULTICAST,UP,LOWER_UP';
const DOWN = 'BROADCAST,MULTICAST';

describe('RouterChanges', () => {
  const there = routeToVrf(42, '10.1.2.0/24', 43);
  const others: readonly Payload[] = [
    vrf(42),
    vrf(43),
    routeToVrf(42, '10.1.3.0/24', 44),
    routeToVrf(43, '10.1.1.0/24', 42),
    routeTo(42, '10.9.0.0/16', hop('10.1.1.9')),
    dropRoute(42, '0.0.0.0/0'),
  ];
  let known: Map<string, Payload>;
  let atWork: Set<string>;
  let told: string[];
  let changes: RouterChanges;

  beforeEach(() => {
    known = new Map([there, ...others].map((payload) => [keyOf(payload), payload]));
    atWork = new Set();
    told = [];
    const memory = new Memory();
    memory.setRouter(NSID, 42);
    const book = {
      known,
      isAtWork: (key: string) => atWork.has(key),
      tell: (key: string) => told.push(key),
    };
    changes = new RouterChanges(book, memory);
  });

  it('tell the routes by a way to another router that went or is down, and no others', () => {
    for (const line of [way(43, UP, 'Deleted '), way(43, DOWN)]) {
      told.length = 0;
      changes.line(line);
      assert.deepEqual(told, [keyOf(there)]);
    }
    told.length = 0;
    changes.line(way(43, UP));
    assert.deepEqual(told, []);
  });

  it('hold that back while the route is at work: a way that was made is no news, one that went is', () => {
    atWork.add(keyOf(there));
    for (const line of [way(43, DOWN), way(43, UP)]) changes.line(line);
    changes.release(keyOf(there));
    assert.deepEqual(told, []);
    for (const line of [way(43, UP, 'Deleted '), way(43, UP)]) changes.line(line);
    assert.deepEqual(told, []);
    changes.release(keyOf(there));
    assert.deepEqual(told, [keyOf(there)]);
    known.delete(keyOf(there));
    changes.line(way(43, UP, 'Deleted '));
    changes.release(keyOf(there));
    assert.deepEqual(told, [keyOf(there)]);
  });

  it('tell the routes into a router that is lost, too', () => {
    changes.lost(43);
    const inside = ['vrf/43', 'route/43/10.1.1.0/24'];
    assert.deepEqual(told.sort(), [...inside, keyOf(there), 'vrf/43'].sort());
  });
});
