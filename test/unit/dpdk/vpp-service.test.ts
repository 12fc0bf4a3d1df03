import assert from 'node:assert/strict';
import { makeService, observeService } from '../../../src/dpdk/vpp-service.js';
import type { StepOf } from '../../../src/model/host/steps.js';
import { FakeHost } from '../../support/fake-sysfs/host.js';
import { PF0, PF1, twoNodes } from '../../support/fake-sysfs/hosts.js';
import { refusal } from '../../support/refusals.js';

const ACTIVE: StepOf<'service'> = { kind: 'service', unit: 'vpp', active: true };
const START: StepOf<'service'> = {
  ...ACTIVE,
  answersTo: { program: '/usr/bin/vppctl', socket: '/run/vpp/cli.sock', ports: [] },
};
/** A NIC's name may be longer than the column for names in VPP's tables. */
const LONG = 'uplink-to-the-spine-switches-of-row-12';

describe("VPP's service", () => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost(twoNodes());
  });
  afterEach(() => {
    host.close();
  });

  const start = () => makeService(host.doors, START, host.signal);
  const observe = (step: StepOf<'service'>) => observeService(host.doors, step, host.signal);

  it('is up when VPP answers', async () => {
    assert.deepEqual(await observe(START), { holds: false, found: 'not running' });
    await start();
    assert.equal((await observe(START)).holds, true);
  });

  it('is waited for while VPP keeps the host so busy that nothing answers in time', async () => {
    host.kernel.state.vppBusy = 5;
    await start();
    assert.equal(host.kernel.state.vppBusy, 0);
  });

  for (const [vppTrouble, says] of [
    ['ends', /^vpp was started, and VPP ended$/],
    ['hangs', /^vpp was started, and did not answer within 120 s$/],
  ] as const) {
    it(`is not up where VPP ${vppTrouble}, though systemd calls it active`, async () => {
      host.kernel.state.vppTrouble = vppTrouble;
      const error = await refusal(start());
      assert.equal(error.code, 'VPP_UNREACHABLE');
      assert.match(error.message, says);
      assert.match(error.remedy, /journalctl -u vpp/);
      assert.equal((await observe(ACTIVE)).holds, true);
      const found = 'running, without an answer';
      assert.deepEqual(await observe(START), { holds: false, found });
    });
  }

  it('is not up without a port that it is to have', async () => {
    const step: StepOf<'service'> = {
      ...START,
      answersTo: { program: '/usr/bin/vppctl', socket: '/run/vpp/cli.sock', ports: ['up0', LONG] },
    };
    await assert.rejects(makeService(host.doors, step, host.signal), {
      code: 'NOT_APPEARED',
      message: `vpp runs, and VPP has no up0, ${LONG}`,
    });
    assert.deepEqual(await observe(step), { holds: false, found: `running, without up0, ${LONG}` });
    for (const pf of [PF0, PF1]) Object.assign(host.kernel.fn(pf), { driver: 'vfio-pci' });
    const devices = [`dev ${PF0} {\n name up0\n }`, `dev ${PF1} {\n name ${LONG}\n }`].join('\n');
    host.kernel.state.files.set('etc/vpp/startup.conf', `dpdk {\n${devices}\n}`);
    host.kernel.show();
    await makeService(host.doors, step, host.signal);
  });

  it('is stopped without a question to VPP', async () => {
    await start();
    host.kernel.state.vppTrouble = 'hangs';
    await makeService(host.doors, { ...ACTIVE, active: false }, host.signal);
    assert.deepEqual(await observe(START), { holds: false, found: 'not running' });
  });
});
