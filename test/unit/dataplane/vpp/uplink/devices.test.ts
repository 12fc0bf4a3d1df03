import assert from 'node:assert/strict';
import { parseDevices, parseDrivers } from '../../../../../src/dataplane/vpp/uplink/devices.js';
import { parsePciNames } from '../../../../../src/dataplane/vpp/uplink/uplink-found.js';

/** As VPP 26.06 wrote it, lines left out. */
const DEVICES = `device 'pci/0000:00:05.0':
  Driver is 'nfvt', bus is 'pci', description is 'for tests'
  PCIe address is 0000:00:05.0
  Assigned process node is 'pci/0000:00:05.0-process'
  Device Specific Arguments:
    Name  Value Default Description
    level     3       0 for tests  
  Port 0:
    Hardware Address is 02:00:00:00:aa:00, 0 RX queues (max 4), 0 TX queues (max 4)
    Interface not assigned
  Port 1:
    Hardware Address is 02:00:00:00:aa:01, 2 RX queues (max 4), 1 TX queues (max 4)
    Interface assigned, primary interface name is 'up1', RX node is 'up1-rx'
    RX queue 0:
      Size is 512, buffer pool index is 0
device 'pci/0000:41:02.7':
  Driver is 'iavf', bus is 'pci'
  Port 0:
    Interface assigned, interface name is 'wan0', RX node is 'wan0-rx'
`;
const DRIVERS =
  '\x1b[33mname\x1b[0m \x1b[33mbus\x1b[0m \x1b[33mpriority\x1b[0m\n' +
  'iavf\x1b[0m pci\x1b[0m     0   \x1b[0m iavf_driver.so\x1b[0m\n' +
  'ige\x1b[0m  pci\x1b[0m     0   \x1b[0m ige_driver.so\x1b[0m Intel\x1b[0m\n';
/** The native port as VPP 26.06 wrote it, the port of DPDK after plugins/dpdk/device/format.c. */
const HARDWARE = `              Name                Idx   Link  Hardware
local0                             0    down  local0
  Link speed: unknown
  local
TenGigabitEthernet41/0/0           1     up   TenGigabitEthernet41/0/0
  Link speed: 10 Gbps
  Ethernet address 02:00:00:00:00:01
  Intel X710/XL710 Family
    carrier up full duplex max-frame-size 2044
    pci: device 8086:1572 subsystem 8086:0001 address 0000:41:00.00 numa 0
up1                                2    down  up1
  Device:
    Driver is 'nfvt', bus is 'pci', description is 'for tests'
    PCIe address is 0000:00:05.7
  Port 1:
    Interface assigned, primary interface name is 'up1', RX node is 'up1-rx'
two                                3    slave two
    pci: device 8086:1572 subsystem 8086:0001 address 0001:41:0a.07 numa 1
three                              4     up   three
    pci: device 8086:1572 subsystem 8086:0001 address 0001:41:0a.07 numa 1
`;

describe('what VPP’s command line says of NICs', () => {
  it('is which devices are attached, by what driver, and the interfaces of their ports', () => {
    assert.deepEqual(parseDevices(DEVICES), [
      {
        id: 'pci/0000:00:05.0',
        driver: 'nfvt',
        ports: new Map([
          [0, undefined],
          [1, 'up1'],
        ]),
      },
      { id: 'pci/0000:41:02.7', driver: 'iavf', ports: new Map([[0, 'wan0']]) },
    ]);
    assert.deepEqual(parseDevices(''), []);
  });

  it('is which drivers there are', () => {
    assert.deepEqual(parseDrivers(DRIVERS), ['iavf', 'ige']);
    assert.deepEqual(parseDrivers('no device drivers loaded\n'), []);
  });

  it('is which interfaces are on a PCI function', () => {
    assert.deepEqual(
      [...parsePciNames(HARDWARE)],
      [
        ['0000:41:00.0', ['TenGigabitEthernet41/0/0']],
        ['0000:00:05.7', ['up1']],
        ['0001:41:0a.7', ['two', 'three']],
      ],
    );
    assert.deepEqual([...parsePciNames('')], []);
  });
});
