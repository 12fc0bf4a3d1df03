import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { NfvError } from '../../../src/errors.js';
import { connectTo, Kept, nfvctl, startNfvctl, type CliOptions } from '../../support/cli.js';
import { CliWorld } from '../../support/cli-world.js';
import { settle } from '../../support/fake-clock.js';
import { MemoryNva } from '../../support/memory-nva.js';

describe('runCli', () => {
  const wrong: [line: string, err: string][] = [
    [
      'gte',
      `error: unknown command 'gte' (INVALID_FIELD)\nremedy: did you mean get? see "nfvctl --help"\n`,
    ],
    [
      'get',
      `error: missing required argument 'kind' (INVALID_FIELD)\nremedy: give networks (net, vn), nves, subnets (sn), routers, endpoints (ep) or hostprofiles (hp); several with commas; all; or KIND/NAME; see "nfvctl get --help"\n`,
    ],
    [
      'get nves --foo',
      `error: unknown option '--foo' (INVALID_FIELD)\nremedy: see "nfvctl get --help"\n`,
    ],
    [
      'create network blue --vni',
      `error: option '--vni <number>' argument missing (INVALID_FIELD)\nremedy: see "nfvctl create network --help"\n`,
    ],
    [
      'create nve x',
      `error: required option '--vtep <address>' not specified (INVALID_FIELD)\nremedy: see "nfvctl create nve --help"\n`,
    ],
    [
      'create vn a b',
      `error: too many arguments for 'network'. Expected 1 argument but got 2. (INVALID_FIELD)\nremedy: see "nfvctl create network --help"\n`,
    ],
    [
      'get nves -o xml',
      `error: option '-o, --output <format>' argument 'xml' is invalid. Allowed choices are table, wide, json, yaml, name. (INVALID_FIELD)\nremedy: see "nfvctl get --help"\n`,
    ],
    [
      'create nett x',
      `error: KIND: nett: not a kind of resource (INVALID_FIELD)\nremedy: did you mean "net"? kinds: networks, nves, subnets, routers, endpoints, hostprofiles\n`,
    ],
    [
      'apply examples/two-tenants.yaml',
      `error: required option '-f, --filename <file>' not specified (INVALID_FIELD)\nremedy: did you mean -f examples/two-tenants.yaml? see "nfvctl apply --help"\n`,
    ],
    [
      'diff',
      'error: -f: (empty): missing (INVALID_FIELD)\nremedy: give manifests with -f, or one or two revisions\n',
    ],
    [
      'update network',
      `error: missing required argument 'name' (INVALID_FIELD)\nremedy: give its name; see "nfvctl update network --help"\n`,
    ],
    [
      'get nves -s nowhere',
      `error: --server: nowhere: not an address (INVALID_FIELD)\nremedy: give unix:/PATH of at most 107 bytes, HOST:PORT or [IPV6]:PORT\n`,
    ],
  ];
  for (const [line, err] of wrong) {
    it(`refuses "nfvctl ${line}"`, async () => {
      assert.deepEqual(await nfvctl(line.split(' ')), { status: 2, out: '', err });
    });
  }

  for (const line of ['', 'create', 'update', 'vpp']) {
    it(`shows how "nfvctl ${line}" is used`, async () => {
      const { status, out, err } = await nfvctl(line === '' ? [] : [line]);
      assert.deepEqual([status, out], [2, '']);
      assert.match(err, new RegExp(`^Usage: nfvctl ${line}`));
    });
  }

  it('helps where it is asked to', async () => {
    for (const argv of [['--help'], ['help'], ['-h']]) {
      const { status, out, err } = await nfvctl(argv);
      assert.deepEqual([status, err], [0, '']);
      assert.match(out, /^Usage: nfvctl \[options\] \[command\]\n/);
      assert.match(out, /\nExit status:\n {2}0 {4}done\n/);
    }
  });

  const verbs = [
    'create',
    'update',
    'get',
    'describe',
    'create network',
    'create nve',
    'create endpoint',
    'update network',
    'update nve',
    'update endpoint',
    'delete',
    'apply',
    'diff',
    'watch',
    'wait',
    'completion',
    'vpp',
    'vpp info',
    'vpp compat',
    'vpp messages',
    'vpp call',
    'vpp dump',
    'vpp events',
    'vpp stats',
    'vpp cli',
  ];
  for (const verb of verbs) {
    it(`has help with examples for "${verb}"`, async () => {
      const { status, out } = await nfvctl([...verb.split(' '), '--help']);
      assert.equal(status, 0);
      assert.match(out, new RegExp(`^Usage: nfvctl ${verb}`));
      assert.match(out, /\nGlobal Options:\n/);
      assert.match(out, /\nExamples:\n( {2}.*nfvctl .*\n?)+$/);
    });
  }

  for (const line of ['version', '--version', '-V', 'get nves --version']) {
    it(`says which program it is: ${line}`, async () => {
      const { status, out, err } = await nfvctl(line.split(' '));
      assert.deepEqual([status, err], [0, '']);
      assert.match(out, /^nfvctl \d+\.\d+\.\d+ \(API nfv\/v1\)\n$/);
    });
  }

  it('has help for kinds below a verb, also as words', async () => {
    const { status, out } = await nfvctl(['help', 'create', 'vn']);
    assert.equal(status, 0);
    assert.equal(out, (await nfvctl(['create', 'network', '--help'])).out);
  });

  const noHelp: [line: string, err: RegExp][] = [
    ['help gte', /^error: VERB: gte: there is no such verb .*\nremedy: did you mean "get"\? give/],
    [
      'help create pod',
      /^error: VERB: pod: .*\nremedy: give one of network, nve, subnet, router, endpoint\n$/,
    ],
    ['help get nves', /^error: VERB: nves: one word too many .*\n/],
  ];
  for (const [line, expected] of noHelp) {
    it(`has none for "${line}"`, async () => {
      const { status, out, err } = await nfvctl(line.split(' '));
      assert.deepEqual([status, out], [2, '']);
      assert.match(err, expected);
    });
  }

  it('names kinds in its help without their aliases', async () => {
    const { out } = await nfvctl(['create', '--help']);
    assert.match(out, /\n {2}network +Creates a network\.\n/);
    assert.match(out, /\n {2}nve +Creates an NVE\.\n/);
  });

  it('keeps its help within the terminal, and within 100 columns', async () => {
    for (const [columns, most] of [
      [80, 80],
      [300, 100],
    ] as const) {
      const stdout = Object.assign(new Kept(true), { columns });
      await nfvctl(['help'], { stdout });
      const longest = Math.max(...stdout.text.split('\n').map((line) => line.length));
      assert.ok(longest <= most && longest > most / 2, `${longest} of ${columns}`);
    }
  });

  it('shows no stack, but for --debug', async () => {
    const nva = new MemoryNva();
    const cause = new TypeError('x is not a function');
    const run = (...argv: string[]): ReturnType<typeof nfvctl> => {
      nva.failNext('nves.list', NfvError.from(cause));
      return nfvctl(['get', 'nves', ...argv], { connect: connectTo(nva) });
    };
    const plain = await run();
    assert.equal(plain.status, 8);
    assert.equal(
      plain.err,
      'error: x is not a function (INTERNAL)\nremedy: report this with the log lines around it\n',
    );
    const debug = await run('--debug');
    assert.match(debug.err, /\ndebug: TypeError: x is not a function\n/);
  });

  it('makes an error of its own faults too', async () => {
    const connect = (): never => {
      throw new TypeError('broken');
    };
    const { status, err } = await nfvctl(['get', 'nves'], { connect });
    assert.equal(status, 8);
    assert.match(err, /^error: broken \(INTERNAL\)\n/);
  });

  it('colours on a terminal only', async () => {
    const world = await CliWorld.create();
    const isColoured = async (line: string, options: CliOptions): Promise<boolean> => {
      const { out, err } = await world.run(line, options);
      return (out + err).includes('\u001b[');
    };
    assert.equal(await isColoured('get endpoints', { tty: true }), true);
    assert.equal(await isColoured('get nve x', { tty: true }), true);
    assert.equal(await isColoured('get endpoints', {}), false);
    assert.equal(await isColoured('get endpoints', { tty: true, env: { NO_COLOR: '1' } }), false);
    assert.equal(await isColoured('get nve x --no-color', { tty: true }), false);
  });

  const failing = (code: string): Writable =>
    new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error(`${code}: write`), { code }));
      },
    });

  it('changes all that it was told to, though the reader of its output has gone', async () => {
    const world = await CliWorld.create();
    const names = Array.from({ length: 100 }, (_, i) => `n-${i}`);
    const manifest = (name: string): string =>
      JSON.stringify({
        apiVersion: 'nfv/v1',
        kind: 'VirtualNetwork',
        metadata: { name },
        spec: {},
      });
    const stdin = names.map((name) => `---\n${manifest(name)}\n`).join('');
    const applied = await world.run('apply -f -', { stdin, stdout: failing('EPIPE') });
    assert.deepEqual([applied.status, applied.err], [0, '']);
    const there = await world.run('get networks -o name');
    for (const name of names) assert.ok(there.out.includes(`virtualNetworks/${name}\n`), name);
    const all = names.map((name) => `network/${name}`).join(' ');
    const deleted = await world.run(`delete ${all}`, { stdout: failing('EPIPE') });
    assert.deepEqual([deleted.status, deleted.err], [0, '']);
    assert.doesNotMatch((await world.run('get networks -o name')).out, /\/n-/);
  });

  it('says what became of a change that failed, though the reader of its output has gone', async () => {
    const world = await CliWorld.create();
    for (const [code, status] of [
      ['EPIPE', 7],
      ['ENOSPC', 8],
    ] as const) {
      world.nva.failNext('waitApplied', new NfvError('ACCESS_DENIED', 'not to you'));
      const ran = await world.run(`create network n-${status} --wait`, { stdout: failing(code) });
      assert.equal(ran.status, status);
      assert.match(ran.err, /^error: not to you \(ACCESS_DENIED\)\n/);
    }
  });

  it('says that its output is not where it should be', async () => {
    const world = await CliWorld.create();
    const err = 'error: stdout: ENOSPC: write (OUTPUT_FAILED)\n';
    for (const line of [
      'get nves -o yaml',
      'watch --from-revision 1',
      'create network late',
      'help',
    ]) {
      const ran = await world.run(line, { stdout: failing('ENOSPC') });
      assert.deepEqual([ran.status, ran.err.startsWith(err)], [8, true], line + ran.err);
    }
    assert.match((await world.run('get networks -o name')).out, /\/late\n/);
  });

  it('is quiet when the reader of its output has gone', async () => {
    const world = await CliWorld.create();
    const closed = failing('EPIPE');
    const running = world.start('watch --from-revision 1 -o name', { stdout: closed });
    assert.equal(await running.status, 0);
    assert.equal(running.err.text, '');
  });

  it('ends with 130 when it is interrupted, and closes its connection', async () => {
    const world = await CliWorld.create();
    let closed = false;
    const open = connectTo(world.nva);
    const running = startNfvctl(['watch'], {
      clock: world.clock,
      connect: (options) => ({
        ...open(options),
        close() {
          closed = true;
        },
      }),
    });
    await settle();
    running.interrupt();
    assert.equal(await running.status, 130);
    assert.deepEqual([running.out.text, running.err.text, closed], ['', '', true]);
  });
});
