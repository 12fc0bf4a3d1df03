import assert from 'node:assert/strict';
import type { StepOf } from '../../../src/model/host/steps.js';
import { makeVfs, observeVfs } from '../../../src/sriov/set-vfs.js';
import type { Fault } from '../../support/fake-sysfs/faults.js';
import { FakeHost } from '../../support/fake-sysfs/host.js';
import { PF0, twoNodes } from '../../support/fake-sysfs/hosts.js';
import { refusal } from '../../support/refusals.js';

const step = (count: number): StepOf<'vfs'> => ({ kind: 'vfs', pf: PF0, count });
const NUMVFS = `sys/bus/pci/devices/${PF0}/sriov_numvfs`;

function newHost(driver: string, up = true): FakeHost {
  const host = new FakeHost(twoNodes(driver));
  const { netdev } = host.kernel.fn(PF0);
  if (netdev !== undefined) netdev.up = up;
  host.kernel.state.drivers.add('vfio-pci');
  host.kernel.show();
  return host;
}

describe('makeVfs', () => {
  let host: FakeHost;
  const make = (count: number) => makeVfs(host.doors, step(count), host.signal);
  afterEach(() => {
    host.close();
  });

  it('makes them, and finds each by its index', async () => {
    host = newHost('igb');
    await make(4);
    const { functions } = await host.inventory();
    const { sriov } = functions.find(({ bdf }) => bdf === PF0) ?? assert.fail();
    // Offset 128 and stride 2, as the 82576 has.
    assert.deepEqual(
      sriov?.vfs,
      [0, 2, 4, 6].map((fn) => `0000:41:10.${fn}`),
    );
    assert.deepEqual(await observeVfs(host.doors, step(4), host.signal), {
      holds: true,
      found: '4 VFs',
    });
  });

  it('goes from one number to another through none, for the kernel refuses else', async () => {
    host = newHost('igb');
    await make(4);
    await make(2);
    assert.deepEqual(
      host.kernel.log,
      [4, 0, 2].map((n) => `write ${NUMVFS} = ${n}`),
    );
  });

  it('does nothing where it is so', async () => {
    host = newHost('igb');
    await make(0);
    assert.deepEqual(host.kernel.log, []);
  });

  it('finds VFs out of order by their links', async () => {
    host = newHost('igb');
    await make(2);
    const first = host.kernel.fn('0000:41:10.0');
    const second = host.kernel.fn('0000:41:10.2');
    host.kernel.state.functions.set(first.bdf, { ...first, vf: { pf: PF0, index: 1 } });
    host.kernel.state.functions.set(second.bdf, { ...second, vf: { pf: PF0, index: 0 } });
    host.kernel.show();
    const { functions } = await host.inventory();
    const { sriov } = functions.find(({ bdf }) => bdf === PF0) ?? assert.fail();
    assert.deepEqual(sriov?.vfs, ['0000:41:10.2', '0000:41:10.0']);
  });

  it('waits for VFs that come late', async () => {
    host = newHost('igb');
    host.kernel.faults({ on: /sriov_numvfs/, trouble: { lateMs: 20_000 } });
    await make(4);
    assert.ok(host.clock.monotonic() >= 20_000);
    assert.equal((await observeVfs(host.doors, step(4), host.signal)).holds, true);
  });

  it('names the VF that never comes', async () => {
    host = newHost('igb');
    const create = host.kernel.state.functions;
    host.kernel.beforeCall = () => {
      host.kernel.beforeCall = () => undefined;
      setImmediate(() => {
        create.delete('0000:41:10.6');
        host.kernel.show();
      });
    };
    const error = await refusal(make(4));
    assert.equal(error.code, 'NOT_APPEARED');
    assert.equal(error.message, `${PF0}: 3 of 4 VFs are there after 30 s`);
  });

  it('names who holds a VF before it takes the VFs away', async () => {
    host = newHost('igb');
    await make(2);
    const vf = host.kernel.fn('0000:41:10.2');
    vf.driver = 'vfio-pci';
    host.kernel.state.processes = [
      { pid: 77, command: 'qemu', open: [`/dev/vfio/${vf.group ?? 0}`] },
    ];
    host.kernel.show();
    const error = await refusal(make(0));
    assert.equal(error.code, 'NIC_IN_USE');
    assert.match(error.message, /^a VF of 0000:41:00.0 is in use: qemu \(pid 77\) holds/);
    assert.equal(host.kernel.fn(PF0).pf?.vfs.length, 2);
  });

  const rows: readonly {
    readonly what: string;
    readonly driver: string;
    readonly count: number;
    readonly fault?: Fault;
    readonly code: string;
    readonly says: RegExp;
    readonly remedy?: RegExp;
  }[] = [
    {
      what: 'more than the PF has: ERANGE',
      driver: 'igb',
      count: 8,
      code: 'KERNEL_REFUSED',
      says: /ERANGE .*: more VFs than the PF has$/,
      remedy: /sriov_totalvfs/,
    },
    {
      what: 'no room: ENOMEM',
      driver: 'ice',
      count: 4,
      fault: { on: /sriov_numvfs/, trouble: { errno: 'ENOMEM' } },
      code: 'FIRMWARE_LIMIT',
      says: /ENOMEM .*no memory space \(MMIO\) or no bus number/,
      remedy: /pci=realloc/,
    },
    {
      what: 'success with fewer VFs',
      driver: 'ice',
      count: 4,
      fault: { on: /sriov_numvfs/, trouble: { atMost: 3 } },
      code: 'FIRMWARE_LIMIT',
      says: /made 3 VFs of 4$/,
    },
    {
      what: 'a driver without SR-IOV: ENOENT',
      driver: 'igb',
      count: 4,
      fault: { on: /sriov_numvfs/, trouble: { errno: 'ENOENT' } },
      code: 'KERNEL_REFUSED',
      says: /no driver with SR-IOV has the PF$/,
    },
    {
      what: 'i40e, VFs assigned: EINVAL',
      driver: 'i40e',
      count: 4,
      fault: { on: /sriov_numvfs/, trouble: { errno: 'EINVAL' } },
      code: 'NIC_IN_USE',
      says: /its VFs are assigned to guests$/,
      remedy: /stop the guest/,
    },
    {
      what: 'idpf, VFs assigned: EBUSY',
      driver: 'idpf',
      count: 4,
      fault: { on: /sriov_numvfs/, trouble: { errno: 'EBUSY' } },
      code: 'NIC_IN_USE',
      says: /its VFs are assigned to guests$/,
    },
    {
      what: 'another driver, EINVAL',
      driver: 'ice',
      count: 4,
      fault: { on: /sriov_numvfs/, trouble: { errno: 'EINVAL' } },
      code: 'KERNEL_REFUSED',
      says: /the driver refuses this number of VFs$/,
    },
    {
      what: 'a driver that stays busy: EAGAIN',
      driver: 'i40e',
      count: 4,
      fault: { on: /sriov_numvfs/, trouble: { errno: 'EAGAIN' } },
      code: 'KERNEL_REFUSED',
      says: /another operation of the PF is pending$/,
    },
    {
      what: 'a write that never returns',
      driver: 'igb',
      count: 4,
      fault: { on: /sriov_numvfs/, trouble: { hang: 'before' } },
      code: 'WRITE_HUNG',
      says: /writing "4" to \/sys.*sriov_numvfs did not return within 60000 ms/,
    },
  ];
  for (const { what, driver, count, fault, code, says, remedy } of rows) {
    it(`tells of: ${what}`, async () => {
      host = newHost(driver);
      if (fault !== undefined) host.kernel.faults(fault);
      const error = await refusal(make(count));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, says);
      assert.match(error.remedy, remedy ?? /./);
    });
  }

  it('tries again while i40e has something pending', async () => {
    host = newHost('i40e');
    await make(4);
    assert.equal(host.kernel.log.length, 3);
  });

  it('bnxt takes a number while it is down, and makes nothing: that is told', async () => {
    host = newHost('bnxt_en', false);
    assert.equal((await refusal(make(4))).message, `${PF0} made 0 VFs of 4`);
  });

  it('tells of a PF without SR-IOV', async () => {
    host = newHost('igb');
    const other = { kind: 'vfs', pf: '0000:00:1f.2', count: 1 } as const;
    const error = await refusal(makeVfs(host.doors, other, host.signal));
    assert.match(error.message, /has no VFs: its driver is without SR-IOV$/);
  });
});
