/** What hangs on an interface that a step makes anew is there again when the step has ended. */
import assert from 'node:assert/strict';
import { keyOf, type Payload } from '../../../../src/model/item.js';
import { LinuxHost } from '../../../support/linux-host.js';
import { domain, macOf, vethPort, vtepItem } from '../../../support/linux-items.js';
import { needNetns, Netns } from '../../../support/netns.js';
import { gateway, vrf } from '../../../support/routing-items.js';

const VTEP = '10.1.0.1';
const VNI = 7;
const MAC = '02:00:00:00:00:01';

describe('kernel dataplane: interfaces that are made anew', function () {
  this.timeout(30_000);
  let host: LinuxHost;
  let guest: Netns;

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`]);
    guest = await Netns.create();
  });

  after(async () => {
    await host.close();
    await guest.close();
  });

  /** Changes one item, and looks at nothing else. */
  const change = async (payload: Payload): Promise<void> => {
    const key = keyOf(payload);
    const [step] = (await host.plan([vtepItem(VTEP), payload])).filter((each) => each.key === key);
    assert.equal(step?.op, 'update');
    await host.succeed([step]);
  };

  it('keep what a gateway says on the host: a VXLAN device that gets a group, or is deleted', async () => {
    const plain = domain(VNI, VTEP);
    await host.converge([vtepItem(VTEP), plain, vrf(42), gateway(42, VNI, ['10.1.1.1/24'])], 'all');
    const filter = (): Promise<string> =>
      host.ns.run('tc', 'filter', 'show', 'dev', `nfvx${VNI}`, 'egress');
    const before = await filter();
    assert.match(before, /bpf/);
    await change(domain(VNI, VTEP, { bumGroup: '239.1.1.1' }));
    assert.equal(await filter(), before);
    await host.ns.ip('link', 'del', 'dev', `nfvx${VNI}`);
    await change(plain);
    assert.equal(await filter(), before);
    await host.converge([], 'all');
  });

  it('keep the MACs behind them: a port whose end in the guest is not there any more', async () => {
    const port = (address: string): Payload =>
      vethPort('web', VNI, MAC, guest.name, { addresses: [address] });
    const base = [vtepItem(VTEP), domain(VNI, VTEP)];
    await host.converge([...base, port('10.1.1.5/24'), macOf(VNI, MAC, 'web')], 'all');
    const entry = async (): Promise<string> => {
      const shown = await host.ns.run('bridge', 'fdb', 'show', 'br', `nfvb${VNI}`);
      return shown.split('\n').find((line) => line.startsWith(`${MAC} `)) ?? '';
    };
    const before = await entry();
    assert.match(before, /extern_learn/);
    await guest.ip('link', 'set', 'dev', 'eth0', 'down');
    await guest.ip('link', 'set', 'dev', 'eth0', 'name', 'hidden');
    await change(port('10.1.1.6/24'));
    assert.match(await guest.ip('addr', 'show', 'dev', 'eth0'), /10\.1\.1\.6/);
    assert.equal(await entry(), before);
    await host.converge([], 'all');
  });
});
