/** What of a virtual network goes with a provider, and what does not. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { checkItem, dependenciesOf, keyOf, type Payload } from '../../../src/model/item.js';
import {
  checkVirtualNetwork,
  type VirtualNetworkSpec,
} from '../../../src/model/virtual-network.js';
import { domain } from '../../support/linux-items.js';
import { networkSpec, providerSpec } from '../../support/specs.js';

const violations = (check: () => unknown): string[] => {
  try {
    check();
  } catch (error) {
    assert.ok(error instanceof NfvError);
    return error.violations.map(({ field, value, reason }) => `${field}: ${value}: ${reason}`);
  }
  return [];
};

describe('a provider network', () => {
  for (const vlan of [0, 1, 4094]) {
    it(`can be VLAN ${vlan}`, () => {
      const spec = providerSpec({ vni: 5, provider: { uplink: 'physnet1', vlan }, mtu: 9000 });
      assert.deepEqual(checkVirtualNetwork(spec), spec);
    });
  }

  const bad: readonly (readonly [Partial<VirtualNetworkSpec>, string])[] = [
    [{ provider: { uplink: '', vlan: 0 } }, 'provider.uplink: : not an id'],
    [{ provider: { uplink: 'Phys_1', vlan: 0 } }, 'provider.uplink: Phys_1: not an id'],
    [{ provider: { uplink: 'p', vlan: 4095 } }, 'provider.vlan: 4095: not a VLAN'],
    [{ provider: { uplink: 'p', vlan: -1 } }, 'provider.vlan: -1: not a VLAN'],
    [{ provider: { uplink: 'p', vlan: 1.5 } }, 'provider.vlan: 1.5: not a VLAN'],
    [
      { encapsulation: 'VXLAN' },
      'encapsulation: VXLAN: no tunnel carries frames of a provider network',
    ],
    [
      { bumMode: 'NONE' },
      'bum_mode: NONE: the physical network floods the frames of a provider network',
    ],
    [
      { bumMode: 'MULTICAST', bumGroup: '239.1.1.1' },
      'bum_mode: MULTICAST: the physical network floods the frames of a provider network',
    ],
    [
      { learning: false },
      'learning: false: only learning tells where MACs are of a provider network',
    ],
    [
      { arpSuppression: true },
      'arp_suppression: true: the NVA knows not all hosts of a provider network',
    ],
    [
      { underlayFamily: 'IPV6' },
      'underlay_family: IPV6: no underlay carries frames of a provider network',
    ],
  ];
  for (const [fields, told] of bad) {
    it(`is refused with ${JSON.stringify(fields)}`, () => {
      const found = violations(() => checkVirtualNetwork(providerSpec(fields)));
      assert.deepEqual(found, [`virtual_network.${told}`]);
    });
  }

  it('is what has no encapsulation', () => {
    const found = violations(() => checkVirtualNetwork(networkSpec({ encapsulation: 'NONE' })));
    assert.deepEqual(found, ['virtual_network.encapsulation: NONE: needs a provider']);
  });
});

describe('the items of a provider network', () => {
  const port = { kind: 'provider_port', vni: 7, uplink: 'physnet1', vlan: 0, mtu: 1500 } as const;
  const check = (payload: Payload): string[] =>
    violations(() =>
      checkItem({ key: keyOf(payload), version: '1', dependsOn: dependenciesOf(payload), payload }),
    );

  it('are a bridge domain that needs no VTEP, and a port that needs the domain', () => {
    const own = domain(7, '', { learn: true, arpSuppression: false });
    assert.deepEqual(dependenciesOf(own), []);
    assert.deepEqual(check(own), []);
    assert.deepEqual(check({ ...own, bumGroup: '239.1.1.1' }), [
      'bd/7.bum_group: 239.1.1.1: without a VTEP',
    ]);
    assert.deepEqual([keyOf(port), ...dependenciesOf(port)], ['provider/7', 'bd/7']);
    assert.deepEqual(check(port), []);
  });

  const bad: readonly (readonly [Partial<typeof port> | object, string])[] = [
    [{ vni: 0 }, 'vni: 0: not a VNI'],
    [{ uplink: 'a b' }, 'uplink: a b: not an id'],
    [{ vlan: 4095 }, 'vlan: 4095: not a VLAN'],
    [{ mtu: 10 }, 'mtu: 10: out of range'],
  ];
  for (const [fields, told] of bad) {
    it(`are refused with ${JSON.stringify(fields)}`, () => {
      const payload = { ...port, ...fields };
      assert.deepEqual(check(payload), [`${keyOf(payload)}.${told}`]);
    });
  }
});
