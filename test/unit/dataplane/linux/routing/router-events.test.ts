/** Lines are those that `ip monitor` of iproute2 6.1 printed. */
import assert from 'node:assert/strict';
import { parseRouterEvent } from '../../../../../src/dataplane/linux/routing/router-events.js';

const LINK =
  '2: gw100@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default ' +
  '\\    link/ether 02:00:00:00:fe:01 brd ff:ff:ff:ff:ff:ff link-netnsid 0 promiscuity 0';

const EVENTS: readonly (readonly [line: string, event: unknown])[] = [
  [
    `[nsid 5][LINK]${LINK}`,
    {
      kind: 'link',
      nsid: 5,
      gone: false,
      index: 2,
      name: 'gw100',
      up: true,
      lowerUp: true,
      mtu: 1500,
      mac: '02:00:00:00:fe:01',
    },
  ],
  [
    '[nsid 5][ROUTE]unicast 10.9.0.0/24 via 10.0.0.9 dev x table main proto 78 scope global linkdown ',
    {
      kind: 'route',
      nsid: 5,
      gone: false,
      prefix: '10.9.0.0/24',
      protocol: '78',
      hops: ['10.0.0.9'],
    },
  ],
  [
    '[nsid 5][ROUTE]Deleted blackhole fd0a::/64 dev lo table main proto 78 scope global metric 1024 pref medium',
    { kind: 'route', nsid: 5, gone: true, prefix: 'fd0a::/64', protocol: '78', hops: [] },
  ],
  [
    '[nsid 5][ROUTE]unicast 10.10.0.0/24 table main proto 78 scope global linkdown \\\tnexthop via 10.0.0.9 dev x weight 2 linkdown ',
    {
      kind: 'route',
      nsid: 5,
      gone: false,
      prefix: '10.10.0.0/24',
      protocol: '78',
      hops: ['10.0.0.9'],
    },
  ],
  [
    '[nsid 5][ROUTE]unicast default via fd00:1::7 dev x table main proto 78 scope global metric 1024 pref medium',
    { kind: 'route', nsid: 5, gone: false, prefix: '::/0', protocol: '78', hops: ['fd00:1::7'] },
  ],
  [
    '[nsid 5][ROUTE]unicast default via 10.0.0.7 dev x table main proto 78 scope global linkdown ',
    {
      kind: 'route',
      nsid: 5,
      gone: false,
      prefix: '0.0.0.0/0',
      protocol: '78',
      hops: ['10.0.0.7'],
    },
  ],
  [
    '[nsid 5][ROUTE]unicast 10.0.0.7 via 10.0.0.8 dev x table main proto static scope global ',
    {
      kind: 'route',
      nsid: 5,
      gone: false,
      prefix: '10.0.0.7/32',
      protocol: 'static',
      hops: ['10.0.0.8'],
    },
  ],
  [
    '[nsid 5][ROUTE]local 10.0.0.1 dev x table local proto kernel scope host src 10.0.0.1 ',
    undefined,
  ],
  [
    '[nsid 5][NEIGH]10.0.0.5 dev x lladdr 02:00:00:00:00:05 extern_learn PERMANENT ',
    { kind: 'neighbor', nsid: 5, gone: false, ip: '10.0.0.5', mac: '02:00:00:00:00:05' },
  ],
  [
    '[nsid 5][NEIGH]10.0.0.5 dev x FAILED ',
    { kind: 'neighbor', nsid: 5, gone: true, ip: '10.0.0.5', mac: '' },
  ],
  [
    '[nsid 5][NEIGH]Deleted fd00:1::5 dev x FAILED ',
    { kind: 'neighbor', nsid: 5, gone: true, ip: 'fd00:1::5', mac: '' },
  ],
  [
    '[nsid 5][ADDR]Deleted 2: x    inet 10.0.0.1/24 scope global gw100\\       valid_lft forever',
    { kind: 'address', nsid: 5, gone: true, index: 2, address: '10.0.0.1' },
  ],
  [
    '[nsid current][NSID]Deleted nsid 5 (iproute2 netns name: nfvr7)',
    { kind: 'namespace', nsid: 5, gone: true },
  ],
  ['[nsid current][NSID]nsid 5 (iproute2 netns name: nfvr7)', undefined],
  [`[nsid current][LINK]${LINK}`, undefined],
  ['[nsid 5][NSID]nsid 0 ', undefined],
  ['[LINK]1: lo: <UP> mtu 65536', undefined],
  ['', undefined],
];

describe('events of routers', () => {
  for (const [line, event] of EVENTS) {
    it(`are read: ${line.slice(0, 70)}`, () => {
      assert.deepEqual(parseRouterEvent(line), event);
    });
  }
});
