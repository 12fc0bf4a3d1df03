import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { uplinkDevices } from '../../../support/vpp-uplink-devices.js';
import { uplinkVlans } from '../../../support/vpp-uplink-vlans.js';

const PARTS = {
  create: () => new EmulatedVpp(),
  hostInterface: 'eth0',
  functions: () => ['0000:41:00.0', '0000:41:00.1'],
};

describe('uplinks on the emulator', function () {
  this.timeout(30_000);

  describe('that are a VLAN', () => {
    uplinkVlans(PARTS);
  });
  describe('on a port of a native driver', () => {
    uplinkDevices(PARTS);
  });
});
