/** The verbs of `nfvctl vpp` on a real VPP with one worker thread. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { z } from 'zod';
import { CliVpp } from '../support/cli-vpp.js';
import { runProgram, startProgram, type Ended } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';

const Info = z.object({
  version: z.string(),
  pid: z.number(),
  workers: z.number(),
  startTime: z.string(),
  messages: z.number(),
  plugins: z.array(z.object({ name: z.string() })),
  roundTripMs: z.number(),
});
const Counters = z.array(
  z.object({ name: z.string(), item: z.string().optional(), threads: z.array(z.unknown()) }),
);

describe('nfvctl vpp on a real VPP', function () {
  this.timeout(120_000);
  const found = findVpp();
  let vpp: RealVpp | undefined;
  let env: Record<string, string>;

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    vpp = new RealVpp(found, { config: 'cpu { workers 1 }' });
    env = {
      NFVCTL_VPP_SOCKET: vpp.path,
      NFVCTL_VPP_STATS_SOCKET: vpp.statsPath,
      NFVCTL_VPP_SHM_PREFIX: vpp.shmPrefix,
    };
    await vpp.start();
  });
  after(() => vpp?.remove());

  const run = (...words: string[]): Promise<Ended> => runProgram(['vpp', ...words], { env });
  const ok = async (...words: string[]): Promise<string> => {
    const { status, out, err } = await run(...words);
    assert.deepEqual([status, err], [0, '']);
    return out;
  };

  it('info', async () => {
    const info = Info.parse(JSON.parse(await ok('info', '-o', 'json')));
    assert.match(info.version, /^\d\d\.\d\d/);
    assert.deepEqual([info.pid, info.workers], [vpp?.pid, 1]);
    assert.ok(Math.abs(Date.parse(info.startTime) - Date.now()) < 120_000, info.startTime);
    assert.ok(info.messages > 500 && info.plugins.length > 0);
    assert.ok(info.roundTripMs > 0);
  });

  it('compat', async () => {
    assert.match(await ok('compat', 'core', 'interfaces', 'ip'), /\ncore +ok\n/);
  });

  it('messages', async () => {
    assert.match(
      await ok('messages', 'control_ping'),
      /\nCRC: +51077d14\nID: +\d+\nKind: +request\n/,
    );
    assert.match(await ok('messages', 'sw_interface_d*'), /\nsw_interface_dump +\w{8} +dump\n/);
  });

  it('call and dump', async () => {
    const created = await ok(
      'call',
      'create_loopback',
      '--json',
      '{mac_address: 02:00:00:00:00:01}',
    );
    assert.equal(created, 'retval:       0\nsw_if_index:  1\n');
    assert.match(await ok('dump', 'sw_interface_dump'), /\n1 +1 +02:00:00:00:00:01 .* loop0 /);
    const prefix = '{sw_if_index: 1, is_add: true, del_all: false, prefix: 10.9.0.1/24}';
    await ok('call', 'sw_interface_add_del_address', '--json', prefix);
    const asked = '{sw_if_index: 1, is_ipv6: false}';
    const addresses = await ok('dump', 'ip_address_dump', '--json', asked, '-o', 'json');
    assert.match(addresses, /"prefix": "10\.9\.0\.1\/24"/);
    const { status, err } = await run('call', 'delete_loopback', '--json', '{sw_if_index: 99}');
    assert.equal(status, 8);
    assert.match(err, /^error: delete_loopback: VPP answered INVALID_SW_IF_INDEX \(-2\): /);
  });

  it('every dump that changes nothing takes zeros', async () => {
    for (const name of ['bridge_domain_dump', 'ip_neighbor_dump', 'memif_dump', 'acl_dump']) {
      const { status, err } = await run('dump', name, '-o', 'json');
      assert.equal(status, 0, `${name}: ${err}`);
    }
  });

  it('cli', async () => {
    assert.match(await ok('cli', 'show', 'interface'), /\nloop0 +1 +/);
    const { status, out } = await run('cli', 'no', 'such', 'command');
    assert.equal(status, 8);
    assert.match(out, /unknown input `no such command'/);
  });

  it('events', async () => {
    const child = startProgram(['vpp', 'events', '-o', 'json'], { env });
    // It is heard when VPP has taken all of what it is asked.
    await eventually(async () => {
      const flags = child.out === '' ? '[IF_STATUS_API_FLAG_ADMIN_UP]' : '[]';
      await ok('call', 'sw_interface_set_flags', '--json', `{sw_if_index: 1, flags: ${flags}}`);
      await ok('call', 'sw_interface_set_flags', '--json', '{sw_if_index: 1, flags: []}');
      return child.out.includes('"event":"sw_interface_event"');
    }, 60_000);
    const { status, err } = await child.kill('SIGINT');
    assert.deepEqual([status, err], [130, '']);
  });

  it('stats', async function () {
    if (typeof found === 'string' || found.libraries === undefined) {
      skip(this, 'no VPP_PREFIX to find libvppapiclient in');
    }
    const counters = Counters.parse(JSON.parse(await ok('stats', '/if/rx', '-o', 'json')));
    const loop = counters.find(({ name, item }) => name === '/if/rx' && item === 'loop0');
    assert.equal(loop?.threads.length, 2);
    assert.match(await ok('stats', '/sys/', '--zeros'), /\n\/sys\/heartbeat +- +\d+ +-\n/);
  });

  it('leaves nothing open in VPP, however often it comes', async () => {
    const open = (): number => readdirSync(`/proc/${vpp?.pid ?? 0}/fd`).length;
    const cli = new CliVpp(env);
    await cli.run(['cli', 'show version']);
    const before = await eventually(open);
    // More than VPP looks at in one turn (ARRAY_LEN (epoll_events), src/vlib/file.c).
    for (let i = 0; i < 40; i++) {
      const { status, err } = await cli.run(['cli', 'show version']);
      assert.equal(status, 0, err);
    }
    await eventually(() => open() <= before);
  });

  it('over shared memory', async function () {
    if (typeof found === 'string' || found.libraries === undefined) {
      skip(this, 'no VPP_PREFIX to find libvppapiclient in');
    }
    // The library itself prints to stderr what VPP has sent after the last reply.
    const { status, out, err } = await run('--transport', 'ffi', 'info');
    assert.equal(status, 0, err);
    assert.match(out, /\nAPI transport: +ffi libvppapiclient\n/);
  });
});
