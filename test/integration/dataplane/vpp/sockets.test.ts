/** Sockets of vhost-user ports that the agent may not look at. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import type { Payload } from '../../../../src/model/item.js';
import { NEW_VHOST_USER } from '../../../../src/model/vpp-ports.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { VppDataplaneRig } from '../../../support/vpp-dataplane-rig.js';
import { GID, port, UID } from '../../../support/vpp-plugging.js';

describe('sockets of vhost-user ports', () => {
  let vpp: EmulatedVpp;
  let rig: VppDataplaneRig;
  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    rig = await VppDataplaneRig.create(vpp, []);
    await rig.ready();
    mkdirSync(rig.files.sockets);
  });
  afterEach(async () => {
    await rig.close();
    rig.files.remove();
    await vpp.remove();
  });

  const guest = (endpoint: string): Payload => {
    const socket = rig.files.socket(endpoint);
    const spec = { ...NEW_VHOST_USER, socket, ownerUid: UID, ownerGid: GID };
    return port(spec, { endpoint, vni: 0 });
  };

  it("that are somebody else's are no matter", async () => {
    const theirs = rig.files.outside('theirs');
    await rig.client.request('create_vhost_user_if_v2', {
      is_server: true,
      sock_filename: theirs,
      renumber: false,
      custom_dev_instance: 0,
      enable_gso: false,
      enable_packed: false,
      enable_event_idx: false,
      disable_mrg_rxbuf: false,
      disable_indirect_desc: false,
      use_custom_mac: false,
      mac_address: '00:00:00:00:00:00',
      tag: '',
    });
    rig.files.hidden.add(theirs);
    await rig.converge([guest('a')]);
  });

  it('that are ours are told of with their port alone, which stays', async () => {
    await rig.converge([guest('a'), guest('b')]);
    rig.files.hidden.add(rig.files.socket('a'));
    const { obstacles, objects } = await rig.observe([guest('a'), guest('b')]);
    assert.equal(obstacles.get('port/a')?.code, 'KERNEL_REFUSED');
    assert.deepEqual([...objects.keys()], ['port/b']);
    // One that nobody wants any more is taken away all the same.
    await rig.converge([guest('b')]);
    assert.equal(vpp.emulator.state.vhostUsers.bySwIfIndex.size, 1);
  });
});
