import assert from 'node:assert/strict';
import { refusedWith } from '../../support/refusals.js';
import { systemDoors } from '../../../src/main/host-access.js';
import { explained, type Operation } from '../../../src/host/kernel-answers.js';
import { NfvError } from '../../../src/errors.js';
import { makeStep } from '../../../src/nve/host/runners.js';
import type { Step, VfValues } from '../../../src/model/host/steps.js';
import * as eye from '../support/eye.js';
import { isGuest, LabHost, needGuest, PF0, PF1 } from '../support/lab-host.js';

const VFS = `
nics:
  - name: pf0
    match: { bdf: '${PF0}' }
    role: sriov
    sriov:
      count: 4
      vfs:
        - { index: 0, mac: '02:00:00:00:41:00', driver: vfio-pci }
        - { index: 1, mac: '02:00:00:00:41:01', vlan: 42, qos: 3 }
        - { index: 2, spoofchk: false, trust: true, maxTxRate: 100 }
        - { index: 3, driver: none }
`;
const NONE: VfValues = {
  mac: null,
  vlan: null,
  qos: null,
  vlanProtocol: null,
  spoofchk: null,
  trust: null,
  linkState: null,
  minTxRate: null,
  maxTxRate: null,
};

describe('VFs of a real driver', () => {
  let host: LabHost;
  let was: string[];
  before(function () {
    needGuest(this);
    host = new LabHost('sriov');
    was = eye.everything();
  });
  after(() => {
    if (isGuest() && eye.vfCount(PF0) > 0) eye.setVfCount(PF0, 0);
  });

  it('are created, set up through the PF, and bound', async () => {
    const { status, err } = await host.apply(VFS);
    assert.equal(status, 0, err);
    assert.equal(eye.vfCount(PF0), 4);
    assert.equal(eye.vfOf(PF0, 0).address, '02:00:00:00:41:00');
    const { address, vlan_list, rate, spoofchk } = eye.vfOf(PF0, 1);
    assert.equal(address, '02:00:00:00:41:01');
    assert.deepEqual(vlan_list, [{ vlan: 42, qos: 3 }]);
    assert.equal(spoofchk, true);
    assert.equal(rate.max_tx, 0);
    const third = eye.vfOf(PF0, 2);
    assert.deepEqual([third.spoofchk, third.trust, third.rate.max_tx], [false, true, 100]);
    const drivers = [0, 1, 2, 3].map((index) => eye.driverOf(eye.vfAt(PF0, index)));
    assert.deepEqual(drivers, ['vfio-pci', 'igbvf', 'igbvf', undefined]);
    // A VF that the kernel has took its new MAC when its driver was bound.
    const name = eye.nameOf(eye.vfAt(PF0, 1));
    assert.equal(eye.read(`/sys/class/net/${name}/address`), '02:00:00:00:41:01');
  });

  it('planned again there is nothing to do', async () => {
    assert.match(await host.ok('plan', '-f', host.profile(VFS)), /Steps: none/);
    assert.match(await host.ok('status'), /State: +ready/);
  });

  it('what is set anew on one of them leaves the others alone', async () => {
    const other = eye.nameOf(eye.vfAt(PF0, 2));
    const index = eye.read(`/sys/class/net/${other}/ifindex`);
    const { status, err } = await host.apply(VFS.replace('vlan: 42', 'vlan: 43'));
    assert.equal(status, 0, err);
    assert.deepEqual(eye.vfOf(PF0, 1).vlan_list, [{ vlan: 43, qos: 3 }]);
    assert.equal(eye.read(`/sys/class/net/${other}/ifindex`), index);
    await host.ok('undo');
    assert.deepEqual(eye.vfOf(PF0, 1).vlan_list, [{ vlan: 42, qos: 3 }]);
  });

  it('are gone after undo, and all is as before', async () => {
    await host.ok('undo');
    assert.deepEqual(eye.everything(), was);
  });

  it('more than the card has are refused by the plan', async () => {
    const text = `nics: [{ name: pf0, role: sriov, match: { bdf: '${PF0}' }, sriov: { count: 100 } }]`;
    assert.match(await host.refused(text), /0000:41:00\.0 has 7 VFs, and 100 are asked for/);
  });

  it('a link state, which this driver cannot set, is refused by the plan', async () => {
    const text = VFS.replace('driver: none', 'linkState: enable');
    assert.match(await host.refused(text), /igb of 0000:41:00\.0 cannot set linkState of a VF/);
  });

  describe('what the kernel refuses', () => {
    const { signal } = new AbortController();
    const doors = systemDoors();
    const make = (step: Step): Promise<void> => makeStep(doors, step, signal);
    const meaningOf = (operation: Operation, error: unknown): string => {
      const known = explained(operation, error, 'igb');
      assert.ok(known instanceof NfvError);
      return `${known.metadata['errno'] ?? ''} ${known.metadata['verdict'] ?? ''}`;
    };

    it('ERANGE: more VFs than there can be', async () => {
      const error = await refusedWith('KERNEL_REFUSED', make({ kind: 'vfs', pf: PF0, count: 8 }));
      assert.equal(meaningOf('numvfs', error), 'ERANGE user');
    });

    it('EBUSY: from one number of VFs to another', async () => {
      await make({ kind: 'link', function: PF0, up: true });
      await make({ kind: 'vfs', pf: PF0, count: 4 });
      const path = eye.attribute(PF0, 'sriov_numvfs').slice(1);
      const write = doors.writer.write(path, '2', { deadlineMs: 10_000, signal });
      assert.equal(meaningOf('numvfs', await refusedWith('KERNEL_REFUSED', write)), 'EBUSY user');
    });

    it('EOPNOTSUPP: a link state of a VF', async () => {
      const step: Step = {
        kind: 'vf',
        pf: PF0,
        index: 2,
        values: { ...NONE, linkState: 'enable' },
      };
      const error = await refusedWith('KERNEL_REFUSED', make(step));
      assert.equal(meaningOf('vf', error), 'EOPNOTSUPP user');
    });

    it('EINVAL: a VLAN on a VF beyond the last', async () => {
      const name = eye.nameOf(PF0);
      const set = doors.programs.run('ip', ['link', 'set', name, 'vf', '9', 'vlan', '5'], {
        deadlineMs: 10_000,
        signal,
      });
      assert.match((await set).stderr, /Invalid argument/);
      const step: Step = { kind: 'vf', pf: PF0, index: 9, values: { ...NONE, vlan: 5 } };
      assert.match(String(await refusedWith('NOT_APPEARED', make(step))), /nothing of its VF 9/);
    });

    it('ENOENT: VFs of a PF that its driver has left', async () => {
      await make({ kind: 'module', name: 'vfio-pci', loaded: true });
      const bind: Step = {
        kind: 'bind',
        function: PF1,
        driver: 'vfio-pci',
        override: 'vfio-pci',
        owner: null,
      };
      await make(bind);
      const path = eye.attribute(PF1, 'sriov_numvfs').slice(1);
      const write = doors.writer.write(path, '2', { deadlineMs: 10_000, signal });
      assert.equal(meaningOf('numvfs', await refusedWith('KERNEL_REFUSED', write)), 'ENOENT user');
      await make({ ...bind, driver: 'igb', override: null });
    });

    after(async () => {
      if (!isGuest()) return;
      await make({ kind: 'vfs', pf: PF0, count: 0 });
      await make({ kind: 'link', function: PF0, up: false });
      await make({ kind: 'module', name: 'vfio-pci', loaded: false });
      assert.deepEqual(eye.everything(), was);
    });
  });
});
