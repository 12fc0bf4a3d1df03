import assert from 'node:assert/strict';
import { NfvError } from '../../src/errors.js';
import { eventually } from './eventually.js';
import {
  ClientUnderTest,
  outcomes,
  type TransportOf,
  type VppUnderTest,
} from './vpp-under-test.js';

const QUICK = { retry: { initialMs: 10, maxMs: 200 } };

/** How a connection comes, goes and comes again. */
export function vppContractConnection(
  create: () => VppUnderTest | Promise<VppUnderTest>,
  transportOf: TransportOf,
  isShared: boolean,
): void {
  let vpp: VppUnderTest;
  const clients: ClientUnderTest[] = [];

  beforeEach(async () => {
    vpp = await create();
  });

  afterEach(async () => {
    for (const { client } of clients.splice(0)) await client.close();
    await vpp.remove();
  });

  const connected = async (options = {}): Promise<ClientUnderTest> => {
    const made = await ClientUnderTest.ready(transportOf(vpp), { ...QUICK, ...options });
    clients.push(made);
    return made;
  };

  it('waits for a VPP that is not there yet', async () => {
    const made = new ClientUnderTest(transportOf(vpp), QUICK);
    clients.push(made);
    await made.told('lost');
    await assert.rejects(made.client.request('control_ping', {}), { code: 'VPP_UNREACHABLE' });
    assert.equal(made.client.lastError.code, 'VPP_UNREACHABLE');
    await vpp.start();
    await made.client.ready(AbortSignal.timeout(30_000));
    assert.equal(made.client.state, 'ready');
  });

  it('notices at once that VPP was killed, fails what is under way, and connects to the next', async () => {
    await vpp.start();
    const made = await connected();
    const { client, events } = made;
    const first = client.boot;
    assert.ok(first !== undefined);
    vpp.stall();
    const calls = Array.from({ length: 100 }, () => client.request('control_ping', {}));
    const settled = Promise.allSettled(calls);
    const since = performance.now();
    await vpp.kill();
    await made.told('lost');
    assert.ok(performance.now() - since < 1_000);
    for (const result of await settled) {
      assert.ok(result.status === 'rejected');
      assert.equal(NfvError.from(result.reason).code, 'VPP_CONNECTION_LOST');
      assert.equal(NfvError.from(result.reason).retriable, true);
    }
    await assert.rejects(client.request('control_ping', {}), { code: 'VPP_UNREACHABLE' });
    await vpp.start();
    await client.ready(AbortSignal.timeout(30_000));
    const again = events.at(-1);
    assert.ok(again?.kind === 'ready' && again.restarted);
    assert.equal(again.boot.number, first.number + 1);
    assert.equal(again.boot.pid, vpp.pid);
    const stale = client.request('control_ping', {}, { boot: first });
    await assert.rejects(stale, { code: 'VPP_RESTARTED' });
    await client.request('control_ping', {}, { boot: again.boot });
  });

  it('knows a VPP that was not restarted', async () => {
    await vpp.start();
    const { client } = await connected();
    const { boot } = client;
    await client.close();
    const other = await connected();
    assert.deepEqual(other.client.boot, boot);
  });

  it('serves several clients, or says that it cannot', async () => {
    await vpp.start();
    if (!isShared) {
      await connected();
      const second = new ClientUnderTest(transportOf(vpp), QUICK);
      clients.push(second);
      await second.told('lost');
      assert.equal(second.client.lastError.code, 'VPP_LIBRARY_BUSY');
      return;
    }
    const made = await Promise.all(Array.from({ length: 5 }, () => connected()));
    await Promise.all(
      made.flatMap(({ client }) =>
        Array.from({ length: 500 }, () => client.request('control_ping', {})),
      ),
    );
  });

  it('is degraded, not down, while VPP hangs', async () => {
    await vpp.start();
    const made = await connected({ probeMs: 20, slowMs: 100 });
    vpp.stall();
    const call = made.client.request('control_ping', {});
    await made.told('degraded');
    assert.equal(made.client.state, 'degraded');
    vpp.resume();
    await call;
    await made.told('recovered');
    assert.equal(made.client.state, 'ready');
    assert.ok(!made.kinds.includes('lost'));
  });

  it('notices a hanging VPP without being asked anything', async () => {
    await vpp.start();
    const made = await connected({ probeMs: 20, slowMs: 100 });
    vpp.stall();
    await made.told('degraded');
    vpp.resume();
    await made.told('recovered');
  });

  it('stays ready when there is nothing to say', async () => {
    await vpp.start();
    const made = await connected({ probeMs: 5, slowMs: 2_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(made.kinds, ['ready']);
  });

  it('closes: what is under way fails, what comes later too, and nothing is left', async () => {
    await vpp.start();
    const { client } = await connected();
    vpp.stall();
    const call = client.request('control_ping', {});
    const closing = client.close();
    await assert.rejects(call, { code: 'SHUTTING_DOWN' });
    await closing;
    assert.equal(client.state, 'disconnected');
    await assert.rejects(client.request('control_ping', {}), { code: 'SHUTTING_DOWN' });
    await assert.rejects(client.ready(), { code: 'SHUTTING_DOWN' });
    assert.equal(client.room(), undefined);
    vpp.resume();
    client.start();
    await client.ready(AbortSignal.timeout(30_000));
    await client.request('control_ping', {});
  });

  it('may be closed while it connects', async () => {
    const made = new ClientUnderTest(transportOf(vpp), QUICK);
    const waiting = made.client.ready();
    await Promise.all([made.client.close(), assert.rejects(waiting, { code: 'SHUTTING_DOWN' })]);
    assert.equal(made.client.state, 'disconnected');
  });

  it('ready gives up with its signal', async () => {
    const made = new ClientUnderTest(transportOf(vpp), QUICK);
    clients.push(made);
    const abort = new AbortController();
    const waiting = made.client.ready(abort.signal);
    abort.abort();
    await assert.rejects(waiting, { code: 'CANCELLED' });
    await assert.rejects(made.client.ready(abort.signal), { code: 'CANCELLED' });
    await assert.rejects(made.client.ready(AbortSignal.timeout(1)), { code: 'DEADLINE_EXCEEDED' });
  });

  it('survives ten restarts in a row', async () => {
    await vpp.start();
    const made = await connected();
    for (let i = 2; i <= 11; i++) {
      await vpp.kill();
      await eventually(() => made.client.boot === undefined);
      await vpp.start();
      await made.client.ready(AbortSignal.timeout(30_000));
      assert.equal(made.client.boot?.number, i);
      await made.client.request('control_ping', {});
    }
  });

  it('refuses more calls than its bounds allow, and keeps the others', async () => {
    await vpp.start();
    const small = await connected({ window: 4, maxWaiting: 10 });
    const calls = Array.from({ length: 100 }, () => small.client.request('control_ping', {}));
    assert.deepEqual(await outcomes(calls), { ok: 14, TOO_MANY_REQUESTS: 86 });
  });

  it('tells when there is room, so that nothing need be refused', async () => {
    await vpp.start();
    const small = await connected({ window: 8, maxWaiting: 0 });
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 2_000; i++) {
      for (let room = small.client.room(); room !== undefined; room = small.client.room()) {
        await room;
      }
      calls.push(small.client.request('control_ping', {}));
    }
    assert.deepEqual(await outcomes(calls), { ok: 2_000 });
  });
}
