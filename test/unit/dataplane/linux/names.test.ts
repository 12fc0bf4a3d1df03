import assert from 'node:assert/strict';
import {
  alias,
  bridgeName,
  derivedPortName,
  parseAlias,
  portName,
  vniOfName,
  vxlanName,
} from '../../../../src/dataplane/linux/names.js';
import { tapPort, vethPort } from '../../../support/linux-items.js';

describe('names', () => {
  it('are short enough for the largest VNI', () => {
    assert.equal(bridgeName(16_777_215), 'nfvb16777215');
    assert.equal(vxlanName(16_777_215), 'nfvx16777215');
  });

  for (const [name, vni] of [
    ['nfvb7', 7],
    ['nfvx16777215', 16_777_215],
    ['nfvb07', undefined],
    ['nfvb0', undefined],
    ['nfvb', undefined],
    ['nfvb123456789', undefined],
    ['nfvp7', undefined],
    ['xnfvb7', undefined],
    ['nfvb7x', undefined],
  ] as const) {
    it(`tell the VNI: ${name}`, () => {
      assert.equal(vniOfName(name), vni);
    });
  }

  it('of ports are derived where none is given', () => {
    // printf web | sha256sum
    assert.equal(derivedPortName('web'), 'nfvp4b5e57f6eb');
    const mac = '02:00:00:00:00:01';
    assert.equal(portName(vethPort('web', 7, mac, 'ns')), 'nfvp4b5e57f6eb');
    assert.equal(portName(vethPort('web', 7, mac, 'ns', { hostInterface: 'own' })), 'own');
    assert.equal(portName(tapPort('web', 7, mac)), 'nfvp4b5e57f6eb');
    assert.equal(portName(tapPort('web', 7, mac, { interface: 'vm0' })), 'vm0');
  });

  it('in aliases are keys, with what is attested', () => {
    assert.equal(alias('bd/7'), 'nfvd:bd/7');
    assert.equal(alias('bd/7', 'vxlan'), 'nfvd:bd/7@vxlan');
    assert.deepEqual(parseAlias('nfvd:bd/7'), { key: 'bd/7', attested: '' });
    assert.deepEqual(parseAlias('nfvd:port/a@b@c'), { key: 'port/a', attested: 'b@c' });
    for (const other of ['', 'nfvd', 'nfvd:', 'nfvd:@x', 'NFVD:bd/7', 'uplink nfvd:bd/7']) {
      assert.equal(parseAlias(other), undefined, other);
    }
  });
});
