import assert from 'node:assert/strict';
import { isAllowed, type AllowedAddress } from '../../../src/model/allowed-address.js';
import { checkEndpoint } from '../../../src/model/endpoint.js';
import { violationsOf } from '../../support/violations.js';
import { endpointSpec } from '../../support/specs.js';

const OWN = '02:00:00:00:00:01';
const VMAC = '00:00:5e:00:01:01';
const PREFIXES = ['10.0.0.0/24', 'fd00::/64'];

const spec = (...allowedAddresses: AllowedAddress[]): ReturnType<typeof endpointSpec> =>
  endpointSpec({ mac: OWN, ips: ['10.0.0.1'], allowedAddresses });
const address = (ip: string, mac = ''): AllowedAddress => ({ ip, mac });

describe('allowed addresses', () => {
  const CANONICAL: readonly (readonly [AllowedAddress, AllowedAddress])[] = [
    [address('10.0.0.100'), address('10.0.0.100')],
    [address('FD00::0100', '00-00-5E-00-02-01'), address('fd00::100', '00:00:5e:00:02:01')],
    [address('10.0.0.100', OWN.toUpperCase()), address('10.0.0.100')],
  ];
  for (const [given, wanted] of CANONICAL) {
    it(`are canonical: ${given.ip} ${given.mac}`, () => {
      assert.deepEqual(checkEndpoint(spec(given), PREFIXES).allowedAddresses, [wanted]);
    });
  }

  const WRONG: readonly (readonly [AllowedAddress[], field: string, reason: RegExp])[] = [
    [[address('')], 'allowed_addresses[0].ip', /not a unicast IP address/],
    [[address('10.0.0.100/32')], 'allowed_addresses[0].ip', /not a unicast IP address/],
    [[address('224.0.0.18')], 'allowed_addresses[0].ip', /not a unicast IP address/],
    [[address('0.0.0.0')], 'allowed_addresses[0].ip', /not a unicast IP address/],
    [[address('10.0.1.100')], 'allowed_addresses[0].ip', /outside the network's prefixes/],
    [[address('10.0.0.1')], 'allowed_addresses[0].ip', /one of the endpoint's own addresses/],
    [[address('10.0.0.9'), address('10.0.0.9', VMAC)], 'allowed_addresses[1].ip', /given twice/],
    [[address('10.0.0.9', 'x')], 'allowed_addresses[0].mac', /not a MAC/],
    [[address('10.0.0.9', '01:00:5e:00:00:01')], 'allowed_addresses[0].mac', /a multicast MAC/],
    [[address('10.0.0.9', 'ff:ff:ff:ff:ff:ff')], 'allowed_addresses[0].mac', /a multicast MAC/],
    [[address('10.0.0.9', '00:00:00:00:00:00')], 'allowed_addresses[0].mac', /all zero/],
    [
      Array.from({ length: 17 }, (_, i) => address(`10.0.0.${i + 10}`)),
      'allowed_addresses',
      /too many/,
    ],
  ];
  for (const [given, field, reason] of WRONG) {
    it(`are refused: ${String(reason)} ${given[0]?.ip ?? ''} ${given[0]?.mac ?? ''}`, () => {
      const [found] = violationsOf(() => checkEndpoint(spec(...given), PREFIXES));
      assert.equal(found?.field, `endpoint.${field}`);
      assert.match(found.reason, reason);
    });
  }

  it('go with the endpoint’s own MAC, or the one that is named', () => {
    const endpoint = spec(address('10.0.0.100'), address('10.0.0.101', VMAC));
    assert.ok(isAllowed({ ip: '10.0.0.100', mac: OWN }, endpoint));
    assert.ok(isAllowed({ ip: '10.0.0.101', mac: VMAC }, endpoint));
    assert.ok(!isAllowed({ ip: '10.0.0.100', mac: VMAC }, endpoint));
    assert.ok(!isAllowed({ ip: '10.0.0.101', mac: OWN }, endpoint));
    assert.ok(!isAllowed({ ip: '10.0.0.1', mac: OWN }, endpoint));
    assert.ok(!isAllowed({ ip: '10.0.0.100', mac: '' }, endpoint));
  });
});
