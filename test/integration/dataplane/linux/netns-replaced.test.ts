/** A guest's namespace whose name goes to another one, while a process keeps the first: a shell in it, say. */
import assert from 'node:assert/strict';
import { keyOf } from '../../../../src/model/item.js';
import { eventually } from '../../../support/eventually.js';
import { LinuxHost } from '../../../support/linux-host.js';
import { domain, macOf, vethPort, vtepItem } from '../../../support/linux-items.js';
import { exec, needNetns, Netns } from '../../../support/netns.js';

const VTEP = '10.1.0.1';
const MAC = '02:00:00:00:00:01';

describe("kernel dataplane: another namespace of a guest's name", function () {
  this.timeout(30_000);
  let host: LinuxHost;
  let guest: Netns;

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`]);
    guest = await Netns.create();
    await host.watch();
  });
  after(async () => {
    await host.close();
    await guest.close();
  });

  const port = () => vethPort('web', 7, MAC, guest.name, { addresses: ['10.0.0.1/24'] });
  const wanted = () => [vtepItem(VTEP), domain(7, VTEP), port(), macOf(7, MAC, 'web')];
  const isTold = (): boolean =>
    host.changes.some((keys) => keys === 'unknown' || keys.has(keyOf(port())));
  const names = async (...verb: string[]): Promise<void> => {
    const { code, stderr } = await exec('ip', ['netns', ...verb, guest.name]);
    assert.equal(code, 0, stderr);
  };

  it('is told of, and has the port then', async () => {
    await host.converge(wanted(), 'all');
    // The second look is the first at which it listens to names.
    await host.converge(wanted(), 'all');
    const stays = guest.spawn('sleep', '1000');
    const own = await guest.run('readlink', '/proc/self/ns/net');
    await eventually(async () => {
      const { stdout } = await exec('readlink', [`/proc/${stays.pid ?? 0}/ns/net`]);
      return stdout === own;
    });
    await names('del');
    assert.deepEqual(await host.plan(wanted(), 'all'), [], 'without a name nothing is to be done');
    host.changes.length = 0;
    await names('add');
    await eventually(isTold);
    const [step] = await host.converge(wanted(), 'all');
    assert.ok(step?.op === 'update');
    assert.match(step.differences.join(), /in a namespace that was called nfvt\w+ before/);
    assert.match(await guest.ip('-br', 'addr', 'show', 'dev', 'eth0'), /10\.0\.0\.1\/24/);
    const left = await exec('nsenter', ['-t', String(stays.pid ?? 0), '-n', 'ip', '-br', 'link']);
    assert.doesNotMatch(left.stdout, /eth0/);
    const { stdout } = await exec('ip', ['-n', host.ns.name, 'link', 'show', 'type', 'veth']);
    assert.equal([...stdout.matchAll(/master nfvb7/g)].length, 1);
  });

  it('is nothing to look at where the port is of a version that did not note it', async () => {
    await host.converge(wanted(), 'all');
    const [link] = (await host.ns.json('ip', 'link', 'show', 'master', 'nfvb7')).filter(
      ({ ifname }) => String(ifname).startsWith('nfvp'),
    );
    const alias = String(link?.['ifalias']);
    assert.match(alias, /@veth-[0-9a-f]{8}\.\d+-/);
    const before = alias.replace(/\.\d+-/, '-');
    await host.ns.ip('link', 'set', 'dev', String(link?.['ifname']), 'alias', before);
    assert.deepEqual(await host.plan(wanted(), 'all'), []);
    await host.converge([], 'all');
  });
});
