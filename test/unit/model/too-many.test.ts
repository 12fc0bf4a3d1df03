/** Lists that are as long as a message has room for: of the first entries all is told, and at the rest nobody looks. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { checkEndpoint, type EndpointSpec } from '../../../src/model/endpoint.js';
import { checkHostProfile, NEW_HOST_PROFILE } from '../../../src/model/host-profile.js';
import { checkNve } from '../../../src/model/nve.js';
import { checkRouter, type RouterSpec } from '../../../src/model/router.js';
import { checkSubnet } from '../../../src/model/subnet.js';
import { checkVirtualNetwork } from '../../../src/model/virtual-network.js';
import { endpointSpec, networkSpec, nveSpec, routerSpec, subnetSpec } from '../../support/specs.js';

/** Of 4 MiB. Each beside each other one, these would take minutes. */
const MANY = 200_000;

const many = <T>(of: (i: number) => T): T[] => Array.from({ length: MANY }, (_, i) => of(i));
const ip = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;

const endpoint = (fields: Partial<EndpointSpec>) => (): unknown =>
  checkEndpoint(endpointSpec(fields), []);
const router = (fields: Partial<RouterSpec>) => (): unknown => checkRouter(routerSpec(fields));
const hops = { drop: false, nextHops: [{ address: '10.0.0.1', weight: 1 }] };
const gateways = [{ nve: 'host-a', address: '192.0.2.1' }];

const ROWS: readonly (readonly [field: string, check: () => unknown, most: number])[] = [
  [
    'virtual_network.prefixes',
    () => checkVirtualNetwork(networkSpec({ vni: 1, prefixes: many((i) => `${ip(i)}/32`) })),
    16,
  ],
  [
    'virtual_network.labels',
    () =>
      checkVirtualNetwork(
        networkSpec({ vni: 1, labels: Object.fromEntries(many((i) => [`k${i}`, 'v'])) }),
      ),
    32,
  ],
  ['endpoint.ips', endpoint({ ips: many(ip) }), 16],
  ['endpoint.subnets', endpoint({ subnets: many((i) => `s${i}`) }), 16],
  [
    'endpoint.allowed_addresses',
    endpoint({ allowedAddresses: many((i) => ({ ip: ip(i), mac: '' })) }),
    16,
  ],
  ['nve.vtep_addresses', () => checkNve(nveSpec(many(ip))), 8],
  [
    'subnet.pools',
    () =>
      checkSubnet(
        subnetSpec({ prefix: '10.0.0.0/8', pools: many((i) => ({ first: ip(i), last: ip(i) })) }),
      ),
    16,
  ],
  ['router.subnets', router({ subnets: many((i) => `s${i}`) }), 11],
  ['router.routes', router({ routes: many((i) => ({ prefix: `${ip(i)}/32`, ...hops })) }), 256],
  [
    'router.routes[0].next_hops',
    router({
      routes: [
        {
          prefix: '0.0.0.0/0',
          drop: false,
          nextHops: many((i) => ({ address: ip(i), weight: 1 })),
        },
      ],
    }),
    16,
  ],
  ['router.exits', router({ exits: many((i) => ({ subnet: `s${i}`, gateways })) }), 4],
  [
    'router.exits[0].gateways',
    router({
      exits: [{ subnet: 's', gateways: many((i) => ({ nve: `n${i}`, address: ip(i) })) }],
    }),
    8,
  ],
  [
    'host_profile.nves',
    () => checkHostProfile({ ...NEW_HOST_PROFILE, profile: 'a', nves: many((i) => `n${i}`) }),
    1000,
  ],
];

describe('a list that is too long', function () {
  this.timeout(20_000);
  for (const [field, check, most] of ROWS) {
    it(`is refused in no time: ${field}`, () => {
      assert.throws(check, (thrown) => {
        const { code, violations } = NfvError.from(thrown);
        assert.equal(code, 'INVALID_FIELD');
        const [told] = violations.filter((each) => each.field === field);
        assert.match(String(told?.value), new RegExp(`^${MANY} `));
        assert.match(String(told?.reason), /too many$/);
        assert.match(String(told?.remedy), new RegExp(`^give (at most |1-)${most}\\b`));
        return true;
      });
    });
  }

  it('has the faults of as many entries as there may be told, and of no more', () => {
    const spec = networkSpec({ vni: 1, prefixes: many((i) => `x${i}`) });
    assert.throws(
      () => checkVirtualNetwork(spec),
      (thrown) => {
        const { violations } = NfvError.from(thrown);
        assert.deepEqual(
          violations.map(({ field }) => field),
          [
            'virtual_network.prefixes',
            ...Array.from({ length: 16 }, (_, i) => `virtual_network.prefixes[${i}]`),
          ],
        );
        return true;
      },
    );
  });
});
