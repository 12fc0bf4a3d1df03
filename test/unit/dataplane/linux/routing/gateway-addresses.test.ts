import assert from 'node:assert/strict';
import {
  addressesAt,
  linkLocalOf,
} from '../../../../../src/dataplane/linux/routing/gateway-addresses.js';

describe('addresses of gateways', () => {
  it('have the link-local one of their MAC beside others of IPv6', () => {
    // RFC 2464 §4: 34-56-78-9A-BC-DE is 3656:78FF:FE9A:BCDE.
    assert.equal(linkLocalOf('34:56:78:9a:bc:de'), 'fe80::3656:78ff:fe9a:bcde');
    assert.equal(linkLocalOf('02:00:00:00:fe:01'), 'fe80::ff:fe00:fe01');
    assert.deepEqual(addressesAt(['10.0.0.1/24'], '02:00:00:00:fe:01'), ['10.0.0.1/24']);
    assert.deepEqual(addressesAt(['fd00::1/64'], '02:00:00:00:fe:01'), [
      'fd00::1/64',
      'fe80::ff:fe00:fe01/64',
    ]);
  });
});
