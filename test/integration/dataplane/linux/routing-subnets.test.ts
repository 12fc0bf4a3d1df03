/** The kernel's own routes of a router, to the subnets of its gateways. */
import assert from 'node:assert/strict';
import { LinuxHost } from '../../../support/linux-host.js';
import { redGateway, VTEP, whole } from '../../../support/linux-routing-samples.js';
import { exec, needNetns } from '../../../support/netns.js';
import { skip } from '../../../support/skip.js';

describe("kernel dataplane: a router's routes to its subnets", function () {
  this.timeout(60_000);
  let host: LinuxHost;
  let name: string;

  async function inside(...words: string[]): Promise<string> {
    const ran = await exec('ip', ['-n', name, ...words]);
    if (ran.code !== 0) throw new Error(`${words.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  }

  before(async function () {
    await needNetns(this);
    const sysctl = await exec('sh', ['-c', 'command -v sysctl']);
    if (sysctl.code !== 0) skip(this, 'no sysctl here: apt-get install procps');
    host = await LinuxHost.alone([`${VTEP}/24`]);
    await host.converge(whole, 'all');
    const [only = ''] = await host.routers();
    name = only;
  });
  after(() => host.close());

  it('are made again, and as its own', async () => {
    const subnets = async (): Promise<string> =>
      (await inside('route', 'show', 'proto', 'kernel')) +
      (await inside('-6', 'route', 'show', 'proto', 'kernel'));
    const before = await subnets();
    // Twice: between the two the same process makes routes of ours.
    for (const at of [1, 2]) {
      await inside('route', 'flush', 'table', 'main');
      await inside('-6', 'route', 'flush', 'table', 'main');
      assert.equal(await subnets(), '');
      await host.converge(whole, 'all');
      const lines = (text: string): string[] => text.trimEnd().split('\n').sort();
      assert.deepEqual(lines(await subnets()), lines(before), `time ${at}`);
    }
  });

  it("are not made in the place of somebody else's, which is named", async () => {
    await inside('route', 'del', '10.1.1.0/24');
    await inside('route', 'add', 'unreachable', '10.1.1.0/24', 'proto', 'static');
    const [step] = await host.plan([redGateway()]);
    assert.ok(step?.op === 'update');
    const [error] = await host.apply([step]);
    assert.equal(error?.code, 'FOREIGN_OBJECT');
    assert.match(error.message, /a route to 10\.1\.1\.0\/24, the subnet of its gateway/);
    await inside('route', 'del', 'unreachable', '10.1.1.0/24');
    await host.converge(whole, 'all');
  });
});
