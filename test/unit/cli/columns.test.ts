import assert from 'node:assert/strict';
import { cellsOf, endpointColour, headerOf, nveColour } from '../../../src/cli/columns.js';
import type { Resource } from '../../../src/model/api.js';
import { NO_NVE_STATUS } from '../../../src/model/nve.js';
import {
  ENDPOINT,
  FAILED_ENDPOINT,
  HOST_PROFILE,
  NETWORK,
  NVE,
  ROUTER,
  SUBNET,
} from '../../support/samples.js';

const NOW = Date.parse('2026-01-03T10:00:00.000Z');

describe('columns', () => {
  const rows: [name: string, resource: Resource, narrow: string[], more: string[]][] = [
    [
      'a network',
      NETWORK,
      ['blue', 'acme', '100', '1450', 'MULTICAST 239.1.1.1', '10.0.0.0/24,fd00::/64', '2d'],
      ['IPV4', 'no', 'yes', '42', 'site=a,tier=', 'Blue team'],
    ],
    [
      'an NVE',
      NVE,
      ['host-a', 'DEGRADED', '10.77.0.1,fd77::1', '11/12', '1', 'now', '2d'],
      ['linux 6.1.0', '0.1.0', '41', '3', 'rack=r1', 'Rack 1'],
    ],
    [
      'an NVE that has gone',
      { ...NVE, status: { ...NVE.status, state: 'DISCONNECTED' } },
      ['host-a', 'DISCONNECTED', '10.77.0.1,fd77::1', '11/12', '1', '22h', '2d'],
      ['linux 6.1.0', '0.1.0', '41', '3', 'rack=r1', 'Rack 1'],
    ],
    [
      'an NVE that never said hello',
      { ...NVE, spec: { ...NVE.spec, labels: {}, displayName: '' }, status: NO_NVE_STATUS },
      ['host-a', 'NEVER_CONNECTED', '10.77.0.1,fd77::1', '0/0', '0', 'never', '2d'],
      ['-', '-', '0', '0', '-', ''],
    ],
    [
      'a host profile',
      HOST_PROFILE,
      ['edge', 'FAILED', 'host-a,rack=r1', '1/2', '367a8e2124fe', '2d'],
      ['42', 'site=a', 'Hosts of the edge'],
    ],
    [
      'a subnet',
      SUBNET,
      [
        'blue-v4',
        'blue',
        '10.0.0.0/24',
        '10.0.0.254',
        '10.0.0.10-10.0.0.99,10.0.0.200-10.0.0.200',
        '2d',
      ],
      ['42', 'site=a', 'Blue, IPv4'],
    ],
    [
      'a subnet without gateway and pools',
      { ...SUBNET, spec: { ...SUBNET.spec, gateway: '', pools: [], labels: {}, displayName: '' } },
      ['blue-v4', 'blue', '10.0.0.0/24', '-', 'all', '2d'],
      ['42', '-', ''],
    ],
    [
      'a router',
      ROUTER,
      ['r1', 'acme', '7', 'blue-v4', '2', '2d'],
      ['02:00:5e:00:00:01', '42', 'tier=gold', 'To the rest'],
    ],
    [
      'an endpoint',
      ENDPOINT,
      ['web-1', 'blue', 'host-a', '02:00:00:00:00:01', '10.0.0.11,fd00::11', 'ACTIVE', '2d'],
      [
        'blue-v4',
        'veth web-1/eth0',
        'UP',
        '-',
        'host-a:ACTIVATED,host-b:ASSOCIATED',
        'ASSOCIATED → host-b',
        '42',
        'app=web',
        '',
      ],
    ],
    [
      'an endpoint that failed',
      FAILED_ENDPOINT,
      ['web-2', 'blue', 'host-a', '02:00:00:00:00:02', '10.0.0.12', 'FAILED', '2d'],
      ['-', 'tap tap-web2', 'UP', 'NETNS_MISSING', 'host-a:INIT', '-', '42', 'app=web', ''],
    ],
  ];
  for (const [name, resource, narrow, more] of rows) {
    it(`of ${name}`, () => {
      const texts = (wide: boolean): string[] =>
        cellsOf(resource, wide, NOW).map(({ text }) => text);
      assert.deepEqual(texts(false), narrow);
      assert.deepEqual(texts(true), [...narrow, ...more]);
      assert.equal(headerOf(resource.kind, false).length, narrow.length);
      assert.equal(headerOf(resource.kind, true).length, narrow.length + more.length);
    });
  }

  it('paint what an operator looks for', () => {
    assert.deepEqual(
      (['IN_SYNC', 'SYNCING', 'DEGRADED', 'DISCONNECTED', 'NEVER_CONNECTED'] as const).map(
        nveColour,
      ),
      ['green', 'yellow', 'red', 'red', 'red'],
    );
    assert.deepEqual((['ACTIVE', 'PENDING', 'FAILED', 'DOWN'] as const).map(endpointColour), [
      'green',
      'yellow',
      'red',
      'dim',
    ]);
    const failed = cellsOf(NVE, false, NOW).find(({ text }) => text === '1');
    assert.equal(failed?.colour, 'red');
  });
});
