import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { VfSettings } from '../../../src/model/host/inventory.js';
import type { StepOf, VfValues } from '../../../src/model/host/steps.js';
import { makeVf, observeVf, vfCommands } from '../../../src/sriov/set-vf.js';
import { FakeHost } from '../../support/fake-sysfs/host.js';
import { PF0, twoNodes } from '../../support/fake-sysfs/hosts.js';
import { refusal } from '../../support/refusals.js';

const NOW: VfSettings = {
  index: 0,
  mac: 'fe:00:00:00:00:01',
  vlan: 0,
  qos: 0,
  vlanProtocol: '802.1Q',
  spoofchk: true,
  trust: false,
  linkState: 'auto',
  minTxRate: 0,
  maxTxRate: 0,
};
const NOTHING: VfValues = {
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

describe('vfCommands', () => {
  const rows: readonly (readonly [string, Partial<VfSettings>, Partial<VfValues>, string[]])[] = [
    ['nothing wanted', {}, {}, []],
    ['what is so already', {}, { mac: NOW.mac, trust: false, vlan: 0 }, []],
    ['a MAC', {}, { mac: '02:00:00:00:00:01' }, ['mac 02:00:00:00:00:01']],
    ['a VLAN with priority', {}, { vlan: 42, qos: 3 }, ['vlan 42 qos 3']],
    ['a priority alone', { vlan: 42 }, { qos: 3 }, ['vlan 42 qos 3']],
    ['QinQ', {}, { vlan: 42, vlanProtocol: '802.1ad' }, ['vlan 42 qos 0 proto 802.1ad']],
    ['no VLAN any more', { vlan: 42, qos: 3 }, { vlan: 0 }, ['vlan 0 qos 0']],
    ['no QinQ any more', { vlan: 4, vlanProtocol: '802.1ad' }, { vlan: 0 }, ['vlan 0 qos 0']],
    ['switches', {}, { spoofchk: false, trust: true }, ['spoofchk off', 'trust on']],
    [
      'rates that rise',
      {},
      { minTxRate: 10, maxTxRate: 100 },
      ['min_tx_rate 10', 'max_tx_rate 100'],
    ],
    [
      'rates from a lower limit',
      { maxTxRate: 50 },
      { minTxRate: 60, maxTxRate: 100 },
      ['max_tx_rate 100', 'min_tx_rate 60'],
    ],
    [
      'rates that fall',
      { minTxRate: 60, maxTxRate: 100 },
      { minTxRate: 10, maxTxRate: 20 },
      ['min_tx_rate 10', 'max_tx_rate 20'],
    ],
    [
      'no limit any more',
      { minTxRate: 0, maxTxRate: 100 },
      { maxTxRate: 0, minTxRate: 10 },
      ['max_tx_rate 0', 'min_tx_rate 10'],
    ],
  ];
  for (const [what, now, wanted, expected] of rows) {
    it(what, () => {
      const commands = vfCommands({ ...NOW, ...now }, { ...NOTHING, ...wanted });
      assert.deepEqual(
        commands.map((words) => words.join(' ')),
        expected,
      );
    });
  }

  it('never asks for a minimum above the maximum in between', () => {
    const rate = fc.constantFrom<number>(0, 10, 20, 50, 100);
    fc.assert(
      fc.property(rate, rate, rate, rate, (min, max, newMin, newMax) => {
        fc.pre((max === 0 || min <= max) && (newMax === 0 || newMin <= newMax));
        const state: { min: number; max: number } = { min, max };
        const now = { ...NOW, minTxRate: min, maxTxRate: max };
        for (const [name, value] of vfCommands(now, {
          ...NOTHING,
          minTxRate: newMin,
          maxTxRate: newMax,
        })) {
          if (name === 'min_tx_rate') state.min = Number(value);
          else state.max = Number(value);
          assert.ok(state.max === 0 || state.min <= state.max);
        }
        assert.deepEqual(state, { min: newMin, max: newMax });
      }),
    );
  });
});

describe('makeVf', () => {
  let host: FakeHost;
  beforeEach(() => {
    host = newHost('ice');
  });
  afterEach(() => {
    host.close();
  });

  function newHost(driver: string): FakeHost {
    const made = new FakeHost(twoNodes(driver));
    const { netdev } = made.kernel.fn(PF0);
    if (netdev !== undefined) netdev.up = true;
    const numvfs = `of=${made.kernel.root}/sys/bus/pci/devices/${PF0}/sriov_numvfs`;
    made.kernel.call('dd', [numvfs], '2');
    made.kernel.log.length = 0;
    return made;
  }
  const step = (values: Partial<VfValues>, index = 1): StepOf<'vf'> => ({
    kind: 'vf',
    pf: PF0,
    index,
    values: { ...NOTHING, ...values },
  });
  const make = (s: StepOf<'vf'>) => makeVf(host.doors, s, host.signal);

  it('sets each property and reads it back', async () => {
    const wanted = step({
      mac: '02:00:00:00:00:01',
      vlan: 42,
      qos: 3,
      spoofchk: false,
      trust: true,
      linkState: 'enable',
      minTxRate: 10,
      maxTxRate: 100,
    });
    await make(wanted);
    assert.deepEqual(await observeVf(host.doors, wanted, host.signal), {
      holds: true,
      found: 'as wanted',
    });
    assert.deepEqual(host.kernel.fn(PF0).pf?.vfs[1], {
      mac: '02:00:00:00:00:01',
      vlan: 42,
      qos: 3,
      protocol: '802.1Q',
      spoofchk: false,
      trust: true,
      linkState: 'enable',
      minTxRate: 10,
      maxTxRate: 100,
    });
    assert.equal(host.kernel.log[0], 'ip link set dev eth0 vf 1 mac 02:00:00:00:00:01');
  });

  it('tries again while the VF is in reset', async () => {
    host.kernel.faults({ on: /vf 1 mac/, times: 5, trouble: { errno: 'EAGAIN' } });
    await make(step({ mac: '02:00:00:00:00:01' }));
    assert.equal(host.kernel.log.length, 6);
  });

  it('tells of a value that was taken and not kept', async () => {
    host.kernel.faults({ on: /vf 1 mac/, trouble: { silent: true } });
    const error = await refusal(make(step({ mac: '02:00:00:00:00:01' })));
    assert.equal(error.code, 'READBACK_MISMATCH');
    assert.equal(error.message, 'VF 1 of eth0: not mac 02:00:00:00:00:01');
  });

  it('tells of a VF that is not there', async () => {
    const error = await refusal(make(step({ trust: true }, 5)));
    assert.equal(error.message, 'eth0 tells nothing of its VF 5');
  });

  it('names the property that the driver does not have', async () => {
    host.close();
    host = newHost('igb');
    const error = await refusal(make(step({ linkState: 'enable' })));
    assert.match(
      error.message,
      /vf 1 state enable: .*Operation not supported: the driver cannot set/,
    );
    assert.equal(error.remedy, 'leave it out of the profile');
  });

  it('ixgbe sets a rate only with its link up', async () => {
    host.close();
    host = newHost('ixgbe');
    const { netdev } = host.kernel.fn(PF0);
    assert.ok(netdev !== undefined);
    netdev.up = false;
    const error = await refusal(make(step({ maxTxRate: 100 })));
    assert.match(error.message, /Invalid argument: there is no such VF, or the driver refuses/);
  });
});
