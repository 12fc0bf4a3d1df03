/** One trace from nfvctl to the kernel, across three processes; and the same ids in their logs. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Daemon, DaemonFiles, type LogLine } from '../../support/daemon.js';
import { eventually } from '../../support/eventually.js';
import { exec, needNetns, Netns, type Ran } from '../../support/netns.js';
import { OtlpCollector } from '../../support/otlp-collector.js';
import { tempDir } from '../../support/temp-dir.js';

const NFVCTL = fileURLToPath(new URL('../../../src/main/nfvctl.js', import.meta.url));

describe('traces', function () {
  this.timeout(120_000);
  let dir: ReturnType<typeof tempDir>;
  let files: DaemonFiles;
  let host: Netns;
  let guest: Netns;
  let collector: OtlpCollector;
  let otlp: string;
  const daemons: Daemon[] = [];

  before(async function () {
    await needNetns(this);
  });
  beforeEach(async () => {
    dir = tempDir();
    files = new DaemonFiles(dir.path);
    host = await Netns.create();
    guest = await Netns.create();
    await host.ip('link', 'set', 'dev', 'lo', 'up');
    await host.ip('link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
    await host.ip('address', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await host.ip('link', 'set', 'dev', 'eth0', 'up');
    collector = await OtlpCollector.start(host);
    otlp = collector.url;
  });
  afterEach(async () => {
    const errors: string[] = [];
    for (const daemon of daemons.splice(0)) {
      await daemon.stop('SIGKILL');
      errors.push(daemon.err);
    }
    await host.close();
    await guest.close();
    await collector.stop();
    dir.remove();
    assert.equal(errors.join(''), '');
  });

  const start = async (args: readonly string[]): Promise<Daemon> => {
    const daemon = await Daemon.start(args, host);
    daemons.push(daemon);
    return daemon;
  };
  const nfvctl = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> => {
    const server = { NFVCTL_SERVER: `unix:${files.socket()}` };
    const own = { env: { ...process.env, ...server, ...env } };
    const command = ['netns', 'exec', host.name, process.execPath, NFVCTL, ...args];
    const ran = await exec('ip', command, '', own);
    assert.equal(ran.code, 0, ran.stderr);
    return ran;
  };
  const prepare = async (): Promise<void> => {
    await nfvctl(['create', 'nve', 'host-a', '--vtep', '192.0.2.1']);
    await nfvctl(['create', 'network', 'blue', '--vni', '100']);
  };
  const attach = async (env: NodeJS.ProcessEnv = {}): Promise<void> => {
    const port = ['--veth-netns', guest.name];
    const where = ['--network', 'blue', '--nve', 'host-a', '--mac', '02:00:00:00:00:01'];
    await nfvctl(['create', 'endpoint', 'e1', ...where, ...port, '--wait'], env);
  };

  it('go from the command through NVA, session and agent to the kernel', async () => {
    const tracing = { otlp };
    const nva = await start(['nva', '--config', files.nva({ tracing })]);
    await prepare();
    const agent = await start(['nve', '--config', files.nve('host-a', { tracing })]);
    await nva.logged('NVE connected');
    await attach({ NFVCTL_OTLP: otlp });
    const requests = () =>
      collector.spans.filter(
        ({ name, attributes }) =>
          name === 'kernel ip' && attributes.get('nfvd.command')?.includes('link add'),
      );
    await eventually(() => requests().length > 0);
    const root = collector.spans.find(({ service }) => service === 'nfvctl');
    assert.ok(root);
    assert.equal(root.name, 'nfvctl create endpoint');
    const [request] = requests().filter(({ traceId }) => traceId === root.traceId);
    assert.ok(request);
    await eventually(() => collector.pathOf(request).length === 6);
    assert.deepEqual(collector.pathOf(request).reverse(), [
      'nfvctl: nfvctl create endpoint',
      'nfvd-nva: /nfv.v1.NvaService/CreateEndpoint',
      'nfvd-nva: session delta',
      'nfvd-nve: reconcile',
      'nfvd-nve: step create',
      'nfvd-nve: kernel ip',
    ]);
    const names = new Set(
      collector.spans.filter(({ traceId }) => traceId === root.traceId).map(({ name }) => name),
    );
    for (const name of ['commit', 'compile', 'store delta']) assert.ok(names.has(name), name);
    const called = await nva.logged(
      ({ msg, path }) => msg === 'call' && String(path).includes('CreateEndpoint'),
    );
    assert.equal(called['traceId'], root.traceId);
    const told = await agent.logged(({ traceIds }) => String(traceIds) === root.traceId);
    assert.equal(told.msg, 'delta stored');
  });

  it('that are off: the ids are in the logs all the same', async () => {
    const nva = await start(['nva', '--config', files.nva()]);
    await prepare();
    const agent = await start(['nve', '--config', files.nve('host-a')]);
    await nva.logged('NVE connected');
    await attach();
    const called = await nva.logged(
      ({ msg, path }) => msg === 'call' && String(path).includes('CreateEndpoint'),
    );
    const { traceId, requestId, revision } = called;
    assert.match(String(traceId), /^[0-9a-f]{32}$/);
    assert.match(String(requestId), /^[0-9a-f-]{36}$/);
    const isOfCall = (line: LogLine): boolean => String(line['traceIds']) === traceId;
    const sent = await nva.logged((line) => line.msg === 'delta sent' && isOfCall(line));
    assert.deepEqual([sent['nve'], sent['revision']], ['host-a', revision]);
    const stored = await agent.logged((line) => line.msg === 'delta stored' && isOfCall(line));
    assert.equal(stored['revision'], revision);
    const reconciled = await agent.logged((line) => line.msg === 'reconciled' && isOfCall(line));
    assert.equal(reconciled['revision'], revision);
    assert.deepEqual(collector.spans, []);
  });

  it('that cannot be sent are told of, once, and hold nothing up', async () => {
    await collector.answer(500);
    const nva = await start(['nva', '--config', files.nva({ tracing: { otlp } })]);
    await prepare();
    const lost = await nva.logged('traces are lost');
    assert.equal(lost['url'], otlp);
    await collector.answer(200);
    await nfvctl(['get', 'networks']);
    await nva.logged('traces are sent again');
    assert.equal(nva.lines.filter(({ msg }) => msg === 'traces are lost').length, 1);
  });
});
