/** Lines are those that `ip monitor` of iproute2 6.1 printed. */
import assert from 'node:assert/strict';
import { Memory } from '../../../../../src/dataplane/linux/memory.js';
import { innerName } from '../../../../../src/dataplane/linux/names.js';
import { parseLinks } from '../../../../../src/dataplane/linux/links.js';
import { RouterView } from '../../../../../src/dataplane/linux/routing/router-view.js';
import { View } from '../../../../../src/dataplane/linux/view.js';
import { linkJson } from '../../../../support/fake-doors.js';
import { RouterChanges } from '../../../../../src/dataplane/linux/routing/router-changes.js';
import { keyOf, type Payload } from '../../../../../src/model/item.js';
import {
  dropRoute,
  gateway,
  hop,
  routeTo,
  routeToVrf,
  vrf,
} from '../../../../support/routing-items.js';

const NSID = 5;
const way = (to: number, flags: string, deleted = ''): string =>
  `[nsid ${NSID}][LINK]${deleted}2: vrf${to}@if2: <${flags}> mtu 65535 qdisc noqueue state DOWN ` +
  'group default \\    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff link-netnsid 1';
const UP = 'BROADCAST,MULTICAST,UP,LOWER_UP';
const DOWN = 'BROADCAST,MULTICAST';
/** The other end is down. */
const NO_CARRIER = 'NO-CARRIER,BROADCAST,MULTICAST,UP';

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
  let memory: Memory;

  beforeEach(() => {
    known = new Map([there, ...others].map((payload) => [keyOf(payload), payload]));
    atWork = new Set();
    told = [];
    memory = new Memory();
    memory.setRouter(NSID, 42);
    const book = {
      known,
      isAtWork: (key: string) => atWork.has(key),
      tell: (key: string) => told.push(key),
    };
    changes = new RouterChanges(book, memory);
  });

  it('tell the routes by a way to another router that went or is down, and no others', () => {
    for (const line of [way(43, UP, 'Deleted '), way(43, DOWN), way(43, NO_CARRIER)]) {
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

  describe('a gateway', () => {
    const [RED, BLUE] = [10, 20];
    const ours = gateway(42, BLUE, ['10.2.0.1/24']);
    const link = (vni: number, flags: string): string =>
      `[nsid ${NSID}][LINK]2: ${innerName(vni)}@if9: <${flags}> mtu 1450 qdisc noqueue state UP ` +
      `group default \\    link/ether ${ours.mac} brd ff:ff:ff:ff:ff:ff`;
    const lost = `[nsid ${NSID}][ADDR]Deleted 2: ${innerName(BLUE)}    inet 10.2.0.1/24 scope global x`;

    beforeEach(() => {
      known.set(keyOf(ours), ours);
      memory.setGateway(BLUE, 42);
    });

    it('is told when the kernel loses its route to a subnet of it, and of no other', () => {
      const gone = (prefix: string, by = 'kernel'): string =>
        `[nsid ${NSID}][ROUTE]Deleted unicast ${prefix} dev if4 table main proto ${by} scope link`;
      for (const line of [gone('10.3.0.0/24'), gone('10.2.0.0/24', 'static')]) changes.line(line);
      assert.deepEqual(told, []);
      changes.line(gone('10.2.0.0/24'));
      assert.deepEqual(told, [keyOf(ours)]);
    });

    for (const [what, between] of [
      ['is told of', [`[nsid current][NSID]Deleted nsid ${NSID}`]],
      ['is not heard of', []],
    ] as const) {
      it(`has lost its address though another router had its number before, whose end ${what}`, () => {
        memory.setGateway(RED, 41);
        memory.setRouter(NSID, 41);
        for (const line of [link(RED, UP), ...between]) changes.line(line);
        memory.clear();
        memory.setRouter(NSID, 42);
        memory.setGateway(BLUE, 42);
        told.length = 0;
        changes.line(lost);
        assert.deepEqual(told, [keyOf(ours)]);
      });
    }

    it('that was read as up, and was down during our own work, has lost what hung on it', () => {
      const router = new RouterView('ours');
      for (const found of parseLinks([linkJson(innerName(BLUE), { flags: ['UP'] })])) {
        router.links.set(found.name, found);
      }
      const view = new View();
      view.routers.set(42, router);
      const route = routeTo(42, '10.8.0.0/16', hop('10.2.0.9', BLUE));
      known.set(keyOf(route), route);
      changes.knowAll(view);
      atWork.add(keyOf(ours));
      for (const flags of [DOWN, UP]) changes.line(link(BLUE, flags));
      assert.equal(told.length, 0);
      changes.release(keyOf(ours));
      assert.ok(told.includes(keyOf(route)), told.join());
    });
  });
});
