import assert from 'node:assert/strict';
import { refusedError } from '../../../../src/vpp-api/client/refused.js';

describe('a refusal of VPP', () => {
  it('has VPP’s name for its number', () => {
    const { message, metadata } = refusedError('create_subif', -56);
    assert.equal(
      message,
      'create_subif: VPP answered VLAN_ALREADY_EXISTS (-56): VLAN subif already exists',
    );
    assert.deepEqual(metadata, {
      message: 'create_subif',
      retval: '-56',
      name: 'VLAN_ALREADY_EXISTS',
    });
    assert.equal(refusedError('x', -9999).message, 'x: VPP answered -9999');
  });

  it('has VPP’s words where its numbers are others: -8 is INVALID_VALUE_2 elsewhere', () => {
    const reply = { retval: -8, dev_index: 0xffff_ffff, error_string: 'driver not available' };
    const { message, metadata } = refusedError('dev_attach', -8, reply);
    assert.equal(message, 'dev_attach: VPP answered -8: driver not available');
    assert.equal(metadata['name'], undefined);
    assert.equal(metadata['error_string'], 'driver not available');
  });
});
