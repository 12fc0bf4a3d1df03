/** How a connection is given up: VPP is asked to close it. */
import assert from 'node:assert/strict';
import { EmulatedVpp } from '../../support/emulated-vpp.js';
import { eventually } from '../../support/eventually.js';
import { ClientUnderTest, overSocket } from '../../support/vpp-under-test.js';

describe('VPP client, leaving', () => {
  const vpp = new EmulatedVpp();
  beforeEach(() => vpp.start());
  afterEach(() => vpp.kill());
  after(() => vpp.remove());

  it('asks VPP to close the connection, in the name it gave', async () => {
    const { client } = await ClientUnderTest.ready(overSocket(vpp));
    await client.close();
    const last = vpp.emulator.received.at(-1);
    assert.equal(last?.name, 'sockclnt_delete');
    assert.equal(Number(last.values['index']), 0x8000_0001);
    await eventually(() => vpp.emulator.clients === 0);
  });

  it('does not wait for a VPP that hangs', async () => {
    const { client } = await ClientUnderTest.ready(overSocket(vpp));
    vpp.stall();
    const start = performance.now();
    await client.close();
    assert.ok(performance.now() - start < 5_000);
    vpp.resume();
    await eventually(() => vpp.emulator.clients === 0);
  });

  it('drops what VPP still had to say', async () => {
    const { client } = await ClientUnderTest.ready(overSocket(vpp));
    vpp.emulator.gate = (request) => {
      // All of it is on its way when the client leaves.
      for (let i = 0; i < 1000; i++) request.details({});
      return true;
    };
    const dump = assert.rejects(client.dump('sw_interface_dump', SW_INTERFACE_DUMP), {
      code: 'SHUTTING_DOWN',
    });
    await client.close();
    await dump;
    await eventually(() => vpp.emulator.clients === 0);
  });
});

const SW_INTERFACE_DUMP = { name_filter_valid: false, name_filter: '' };
