import assert from 'node:assert/strict';
import { identityOf } from '../../../src/rpc/identity.js';
import { Peers } from '../../../src/rpc/peers.js';

describe('identityOf', () => {
  // What grpc-js answers once the connection has ended, or where the certificate was not checked.
  const ended = { getAuthContext: () => ({}) };
  const peers = new Peers();

  it('does not take a connection that has ended for one of this host', () => {
    assert.deepEqual(identityOf(ended, { mutualTls: true, peers }), { kind: 'gone' });
  });

  it('goes by the listener where there are no certificates', () => {
    assert.deepEqual(identityOf(ended, { mutualTls: false, peers }), { kind: 'local' });
  });
});
