/** The program as a process: every verb, pipes, signals, terminals. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { buildProgram } from '../../../src/cli/program.js';
import { Child, runProgram, startProgram, type Ended } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import { FakeAgent } from '../../support/fake-agent.js';
import { poolManifest, POOL_HOSTS } from '../../support/pool-manifest.js';
import { SpawnedNva } from '../../support/spawned-nva.js';

const STACK = /\n\s+at .*:\d+/;

interface Row {
  readonly line: string;
  readonly status?: number;
  readonly out?: RegExp;
  readonly err?: RegExp;
}

/** In order: later ones see what earlier ones did. */
const ROWS: readonly Row[] = [
  { line: 'get endpoints', out: /^NAME +NETWORK .*\nweb-0 +blue +host-a .* ACTIVE / },
  { line: 'get all -o wide', out: /^NAME[^]*\n\nNAME[^]*\n\nNAME/ },
  { line: 'get nodes', status: 2, err: /^error: KIND: nodes: .*\(INVALID_FIELD\)\nremedy: / },
  { line: 'describe nve host-a', out: /\nDataplane: +linux 6\.1\.0\n[^]*\nEndpoints \(\d+\):\n/ },
  { line: 'create network green --vni 7 --wait=30s', out: / created\napplied by every NVE at / },
  { line: 'create network green', status: 4, err: /\(ALREADY_EXISTS\)\nremedy: / },
  {
    line: 'create network red --vni 7',
    status: 4,
    err: /^error: virtual_network\.vni: 7: .*\(VNI_IN_USE\)/,
  },
  { line: 'update network green --mtu 1400', out: /^virtualNetworks\/green updated\n$/ },
  { line: 'update network green --etag "x" --mtu 1300', status: 4, err: /\(ETAG_MISMATCH\)/ },
  { line: 'wait --for vn/green=existing', out: /^virtualNetworks\/green is EXISTING after / },
  { line: 'diff -f -', status: 0 },
  { line: 'apply -f -', out: /^virtualNetworks\/blue unchanged\n/ },
  {
    line: 'delete network green blue',
    status: 4,
    out: /^virtualNetworks\/green deleted\n$/,
    err: /\(RESOURCE_IN_USE\)/,
  },
  { line: 'delete network green', err: /^virtualNetworks\/green not found, nothing to delete\n$/ },
  { line: 'watch --from-revision 99999999', status: 2, err: /\(REVISION_IN_FUTURE\)/ },
  { line: 'completion fish', out: /^# fish completion for nfvctl\n/ },
  { line: 'trace web-0 web-3 --reported', out: /^HOP +NVE +WHAT +STATE[^]*\nthe way is whole\n$/ },
  { line: 'trace web-0 nobody', status: 3, err: /\(NOT_FOUND\)/ },
  { line: 'counters nobody', status: 3, err: /\(NOT_FOUND\)/ },
  // The NVA that each line here names is not what it asks; test/integration/cli/vpp has the rest.
  { line: 'vpp info', status: 2, err: /^error: --server: .*\(INVALID_FIELD\)\nremedy: / },
  // test/integration/cli/host has the rest.
  {
    line: 'host --state-dir here status',
    status: 2,
    err: /^error: --state-dir: here: .*\nremedy: /,
  },
  { line: 'top', out: /^REVISION .*\n\d+ [^]*\n\nNVE +STATE .*\nhost-a +[A-Z_]+ / },
  {
    line: 'events --for vn/green',
    out: /^TIME .*\n.* created +virtualNetworks\/green +local [^]*\n.* deleted +virtualNetworks\/green +local /,
  },
  { line: 'history network/green', out: /^REVISION .*\n\d+ [^]* DELETE [^]* UPDATE [^]* CREATE / },
  { line: 'show 999999', status: 2, err: /\(REVISION_IN_FUTURE\)/ },
  { line: 'plan -f -', out: /^nothing to do at revision \d+\n$/ },
  { line: 'rollback 99999999', status: 2, err: /\(REVISION_IN_FUTURE\)/ },
  { line: 'confirm', status: 3, err: /\(NOT_FOUND\)/ },
  { line: 'clear-duplicates nothing', status: 3, err: /\(NOT_FOUND\)/ },
  { line: 'migrate cancel nobody', status: 3, err: /\(NOT_FOUND\)/ },
  // test/integration/cli/pki has the rest.
  { line: 'pki --dir /nowhere list', status: 2, err: /\(FILE_UNREADABLE\)/ },
  { line: 'version', out: /^nfvctl \d+\.\d+\.\d+ \(API nfv\/v1\)\n$/ },
  { line: 'help update endpoint', out: /^Usage: nfvctl update endpoint / },
];

describe('nfvctl as a process', function () {
  this.timeout(120_000);
  const manifest = poolManifest(300);
  let nva: SpawnedNva;
  let agents: FakeAgent[];

  before(async () => {
    nva = await SpawnedNva.start();
    agents = POOL_HOSTS.map((name) => new FakeAgent({ name, socket: nva.socket }));
    const { status, err } = await run('apply -f - --wait=1m', manifest);
    assert.deepEqual([status, err], [0, '']);
  });
  after(async () => {
    for (const agent of agents) await agent.stop();
    await nva.close();
  });

  const run = (line: string, stdin = ''): Promise<Ended> =>
    runProgram(['-s', nva.target, ...line.split(' ')], { stdin });

  for (const { line, status = 0, out = /^$/, err = /^$/ } of ROWS) {
    it(line, async () => {
      const ran = await run(line, manifest);
      assert.equal(ran.status, status, ran.err);
      assert.match(ran.out, out);
      assert.match(ran.err, err);
      assert.doesNotMatch(ran.err, STACK);
    });
  }

  it('is tried here with every verb', () => {
    const program = buildProgram(() => undefined, { write: () => undefined, columns: undefined });
    const verbs = program.createHelp().visibleCommands(program);
    const tried = new Set(ROWS.map(({ line }) => line.split(' ')[0]));
    assert.deepEqual([...tried].sort(), verbs.map((verb) => verb.name()).sort());
  });

  describe('in a pipe', () => {
    const bash = (script: string): Promise<Ended> => {
      const nfvctl = `"${process.execPath}" dist/src/main/nfvctl.js -s ${nva.target}`;
      const text = `set -o pipefail; nfvctl() { ${nfvctl} "$@"; }; ${script}`;
      return new Child('bash', ['--norc', '-c', text]).ended;
    };

    it('ends quietly when its reader has seen enough', async () => {
      // More than a pipe holds.
      for (const verb of ['get endpoints -o yaml', 'get all -o json', 'describe endpoints']) {
        const { status, out, err } = await bash(`nfvctl ${verb} | head -1`);
        assert.deepEqual([status, err, out.split('\n').length], [0, '', 2], verb);
      }
    });

    it('ends quietly when nobody reads its errors either', async () => {
      const { status, out, err } = await bash(
        'nfvctl get nodes 2>&1 | true; echo ${PIPESTATUS[0]}',
      );
      assert.deepEqual([status, out, err], [0, '2\n', '']);
    });

    it('a watch whose reader has gone ends with the next change', async () => {
      const watch = startProgram(['-s', nva.target, 'watch', 'networks', '--from-revision', '0']);
      await eventually(() => watch.out.includes('blue'), 30_000);
      await watch.leaveOut();
      await run('create network passing');
      const { status, err } = await watch.ended;
      assert.deepEqual([status, err], [0, '']);
    });

    it('gives names that it takes back', async () => {
      const { status, out, err } = await bash(
        'nfvctl delete --dry-run $(nfvctl get endpoints --nve host-b -o name | head -n 20)',
      );
      assert.deepEqual([status, err], [0, '']);
      assert.equal(out.match(/ deleted \(dry run\)\n/g)?.length, 20);
    });
  });

  for (const line of ['watch --from-revision 0', 'get nves -w']) {
    it(`ends with 130 at SIGINT: ${line}`, async () => {
      const child = startProgram(['-s', nva.target, ...line.split(' ')]);
      await eventually(() => child.out.includes('host-c'), 30_000);
      const { status, err } = await child.kill('SIGINT');
      assert.deepEqual([status, err], [130, '']);
    });
  }
});

describe('nfvctl, and what is no NVA', function () {
  this.timeout(60_000);
  const servers: Server[] = [];
  after(() => {
    for (const server of servers) server.close();
  });

  async function listening(answer: string): Promise<string> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (answer !== '') socket.end(answer);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return `127.0.0.1:${address.port}`;
  }

  const rows: readonly (readonly [what: string, answer: string, status: number])[] = [
    ['speaks HTTP/1', 'HTTP/1.1 400 Bad Request\r\n\r\n', 5],
    ['speaks something else', 'SSH-2.0-OpenSSH_9.2\r\n', 5],
    ['says nothing', '', 6],
  ];
  for (const [what, answer, status] of rows) {
    it(`that ${what}`, async () => {
      const target = await listening(answer);
      const ran = await runProgram(['-s', target, '--timeout', '1s', 'get', 'nves']);
      assert.deepEqual([ran.status, ran.out], [status, ''], ran.err);
      assert.match(
        ran.err,
        /^error: [^\n]+ \((NVA_UNREACHABLE|DEADLINE_EXCEEDED)\)\nremedy: [^\n]+\n$/,
      );
    });
  }
});
