import assert from 'node:assert/strict';
import {
  makeLink,
  makeManaged,
  makeNetdev,
  observeLink,
  observeManaged,
  observeNetdev,
} from '../../../src/dpdk/netdev-steps.js';
import type { StepOf } from '../../../src/model/host/steps.js';
import { FakeHost } from '../../support/fake-sysfs/host.js';
import { PF0, twoNodes } from '../../support/fake-sysfs/hosts.js';
import { refusal } from '../../support/refusals.js';

describe('steps of a netdev', () => {
  let host: FakeHost;
  beforeEach(() => {
    const state = twoNodes();
    state.networkManager = { unmanaged: new Set() };
    host = new FakeHost(state);
  });
  afterEach(() => {
    host.close();
  });

  it('sets a link up and down', async () => {
    const up: StepOf<'link'> = { kind: 'link', function: PF0, up: true };
    assert.deepEqual(await observeLink(host.doors, up, host.signal), {
      holds: false,
      found: 'down',
    });
    await makeLink(host.doors, up, host.signal);
    assert.deepEqual(await observeLink(host.doors, up, host.signal), { holds: true, found: 'up' });
    await makeLink(host.doors, { ...up, up: false }, host.signal);
    assert.equal(host.kernel.fn(PF0).netdev?.up, false);
  });

  it("takes a netdev out of NetworkManager's hands, and gives it back", async () => {
    const off: StepOf<'managed'> = { kind: 'managed', function: PF0, managed: false };
    const observe = (step: StepOf<'managed'>) => observeManaged(host.doors, step, host.signal);
    assert.deepEqual(await observe(off), { holds: false, found: 'managed' });
    await makeManaged(host.doors, off, host.signal);
    assert.deepEqual(await observe(off), { holds: true, found: 'unmanaged' });
    await makeManaged(host.doors, { ...off, managed: true }, host.signal);
    assert.equal((await observe({ ...off, managed: true })).holds, true);
    host.kernel.fn(PF0).netdev = undefined;
    host.kernel.show();
    assert.equal((await observe(off)).holds, true);
  });

  const step: StepOf<'netdev'> = {
    kind: 'netdev',
    function: PF0,
    values: {
      name: 'uplink',
      altnames: ['enp65s0f0'],
      mac: '02:00:00:00:00:09',
      mtu: 9000,
      up: true,
      addresses: [
        {
          family: 'IPV4',
          address: '198.51.100.1',
          prefixLength: 24,
          scope: 'global',
          dynamic: false,
          options: [],
        },
      ],
      routes: [],
    },
  };

  it('makes a netdev what it was', async () => {
    await makeNetdev(host.doors, step, host.signal);
    assert.deepEqual(host.kernel.fn(PF0).netdev, {
      name: 'uplink',
      altnames: ['enp65s0f0'],
      mac: '02:00:00:00:00:09',
      mtu: 9000,
      up: true,
      addresses: [{ address: '198.51.100.1', prefixLength: 24 }],
    });
    assert.deepEqual(await observeNetdev(host.doors, step, host.signal), {
      holds: true,
      found: 'uplink',
    });
  });

  it('waits for a netdev that comes late', async () => {
    const { netdev } = host.kernel.fn(PF0);
    host.kernel.fn(PF0).netdev = undefined;
    host.kernel.show();
    host.clock.after(5000, () => {
      host.kernel.fn(PF0).netdev = netdev;
      host.kernel.show();
    });
    await makeNetdev(host.doors, step, host.signal);
    assert.equal(netdev?.name, 'uplink');
  });

  it('tells of a netdev that never comes, of a name that is taken, of a MAC not kept', async () => {
    host.kernel.faults({ on: /address 02:/, trouble: { silent: true } });
    const kept = await refusal(makeNetdev(host.doors, step, host.signal));
    assert.equal(kept.code, 'READBACK_MISMATCH');
    const taken = { ...step, values: { ...step.values, name: 'eth1' } };
    const named = await refusal(makeNetdev(host.doors, taken, host.signal));
    assert.match(named.message, /name eth1: RTNETLINK answers: File exists/);
    host.kernel.fn(PF0).netdev = undefined;
    host.kernel.show();
    const missing = await refusal(makeNetdev(host.doors, step, host.signal));
    assert.equal(missing.message, `${PF0} has no network device`);
  });
});
