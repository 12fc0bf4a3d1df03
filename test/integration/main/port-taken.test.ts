/** A host whose UDP port 4789 somebody else has, Open vSwitch say: what is told of it, and what becomes of it later. */
import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.js';
import { call, KernelPool } from '../../support/kernel-pool.js';
import { needNetns, type Netns } from '../../support/netns.js';

const OTHER = 'vxlan_sys_4789';

describe('a kernel host on which somebody else has the UDP port of VXLAN', function () {
  this.timeout(90_000);
  let pool: KernelPool;
  let guests: Netns[] = [];

  before(async function () {
    await needNetns(this);
    pool = await KernelPool.start(2, {
      async prepare(host, i) {
        if (i === 0) return;
        const type = ['type', 'vxlan', 'external', 'dstport', '4789'];
        await host.ip('link', 'add', 'name', OTHER, 'up', ...type);
      },
    });
    guests = [await pool.space(), await pool.space()];
    for (const [i, guest] of guests.entries()) {
      await pool.attach(`guest-${i}`, i + 1, `host-${i}`, guest);
    }
  });
  after(() => pool.close());

  const failures = async (): Promise<Map<string, string>> => {
    const { status } = await pool.api.nves.get('host-1', call);
    return new Map(status.failures.map(({ key, code, message }) => [key, `${code}: ${message}`]));
  };

  it('names who has it, and waits with all that needs the network', async () => {
    await eventually(async () => (await failures()).has('bd/100'));
    const found = await failures();
    assert.match(found.get('bd/100') ?? '', /^FOREIGN_OBJECT: the interface vxlan_sys_4789 /);
    found.delete('bd/100');
    assert.ok([...found.keys()].some((key) => key.startsWith('flood/')));
    for (const [key, told] of found) assert.match(told, /^ITEM_BLOCKED: /, key);
  });

  it('has all of it as soon as the network can be made', async () => {
    await pool.host(1).ip('link', 'del', 'dev', OTHER);
    await pool.applied();
    await guests[0]?.run('ping', '-c', '1', '-W', '2', '10.0.0.2');
  });
});
