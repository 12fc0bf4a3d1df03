/** Fields whose absence says something else than their default value. */
import assert from 'node:assert/strict';
import { FIRST_ADDRESS, NEW_SUBNET } from '../../../src/model/subnet.js';
import type { NvaClient } from '../../../src/rpc/nva-client.js';
import { MemoryNva } from '../../support/memory-nva.js';
import { CALL, startServer, type TestServer } from '../../support/nva-server.js';
import { NETWORK, ROUTER } from '../../support/samples.js';

const REST = { requestId: '', validateOnly: false };

describe('unary calls, over fields that may be absent', () => {
  let server: TestServer;
  let client: NvaClient;

  beforeEach(async () => {
    server = await startServer(new MemoryNva());
    client = server.client();
  });
  afterEach(() => server.stop());

  it('tell a gateway that is the first address, none, and one that stays as it is', async () => {
    await client.virtualNetworks.create({ id: 'blue', spec: NETWORK.spec, ...REST }, CALL);
    const fresh = { ...NEW_SUBNET, network: 'blue', prefix: '10.0.0.0/24' };
    const gateways: string[] = [];
    const made = await client.subnets.create({ id: 's', spec: fresh, ...REST }, CALL);
    gateways.push(made.spec.gateway);
    const update = { id: 's', etag: '', validateOnly: false };
    for (const changes of [
      { gateway: '10.0.0.9' },
      { displayName: 'S' },
      { gateway: '' },
      { displayName: 'T' },
      { gateway: FIRST_ADDRESS },
    ]) {
      gateways.push((await client.subnets.update({ ...update, changes }, CALL)).spec.gateway);
    }
    assert.deepEqual(gateways, ['10.0.0.1', '10.0.0.9', '10.0.0.9', '', '', '10.0.0.1']);
  });

  it('leave the id of tables and the MAC of a router alone that they do not name', async () => {
    const { vrfId, gatewayMac } = ROUTER.spec;
    const plain = { ...ROUTER.spec, subnets: [] };
    await client.routers.create({ id: 'r1', spec: plain, ...REST }, CALL);
    const { spec: changed } = await client.routers.update(
      { id: 'r1', changes: { routes: [], labels: {} }, etag: '', validateOnly: false },
      CALL,
    );
    assert.deepEqual(changed, { ...plain, routes: [], labels: {} });
    assert.deepEqual([changed.vrfId, changed.gatewayMac], [vrfId, gatewayMac]);
  });
});
