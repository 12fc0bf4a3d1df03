import assert from 'node:assert/strict';
import { NfvError } from '../../src/errors.js';
import { route4 } from './drop-routes.js';
import {
  ALL_INTERFACES,
  ClientUnderTest,
  outcomes,
  type TransportOf,
  type VppUnderTest,
} from './vpp-under-test.js';

/** Many calls at a time. */
export function vppContractPipeline(
  create: () => VppUnderTest | Promise<VppUnderTest>,
  transportOf: TransportOf,
): void {
  let vpp: VppUnderTest;
  let made: ClientUnderTest;

  before(async () => {
    vpp = await create();
    await vpp.start();
    made = await ClientUnderTest.ready(transportOf(vpp));
  });

  after(async () => {
    await made.client.close();
    await vpp.remove();
  });

  const ping = (options = {}): Promise<unknown> => made.client.request('control_ping', {}, options);

  it('answers 20,000 calls made at once, in their order', async () => {
    let next = 0;
    const calls = Array.from({ length: 20_000 }, async (_, i) => {
      await ping();
      assert.equal(next++, i);
    });
    await Promise.all(calls);
  });

  it('mixes requests, refusals, dumps and bad fields, each with its own outcome', async () => {
    const calls = Array.from({ length: 2_000 }, (_, i): Promise<unknown> => {
      if (i % 4 === 0) return ping();
      if (i % 4 === 1) return made.client.request('delete_loopback', { sw_if_index: 4242 });
      if (i % 4 === 2) return made.client.dump('sw_interface_dump', ALL_INTERFACES);
      return made.client.request('delete_loopback', { sw_if_index: -1 });
    });
    assert.deepEqual(await outcomes(calls), { ok: 1000, VPP_REFUSED: 500, VPP_FIELD_INVALID: 500 });
  });

  it('cancels 10,000 calls at once, and goes on', async () => {
    const abort = new AbortController();
    const calls = Array.from({ length: 10_000 }, () => ping({ signal: abort.signal }));
    abort.abort();
    assert.deepEqual(await outcomes(calls), { CANCELLED: 10_000 });
    assert.deepEqual(await outcomes([ping(), ping()]), { ok: 2 });
    assert.equal(made.client.state, 'ready');
  });

  it('cancels what VPP works at, and takes what comes late for nothing', async () => {
    const abort = new AbortController();
    const calls = Array.from({ length: 2_000 }, () => ping({ signal: abort.signal }));
    // So that some of them have gone out.
    await Promise.all([ping(), new Promise((resolve) => setImmediate(resolve))]);
    abort.abort();
    const counts = await outcomes(calls);
    assert.equal((counts['ok'] ?? 0) + (counts['CANCELLED'] ?? 0), 2_000);
    assert.deepEqual(await outcomes(Array.from({ length: 100 }, () => ping())), { ok: 100 });
  });

  it('says of each call that one signal ends which one it was', async () => {
    const abort = new AbortController();
    const { signal } = abort;
    vpp.stall();
    try {
      const calls = [ping({ signal }), made.client.request('show_version', {}, { signal })];
      abort.abort();
      const errors = (await Promise.allSettled(calls)).map((call) =>
        call.status === 'rejected' ? NfvError.from(call.reason).message : 'answered',
      );
      assert.deepEqual(errors, ['control_ping was given up', 'show_version was given up']);
    } finally {
      vpp.resume();
    }
  });

  it('sends nothing for a signal that has fired', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(ping({ signal }), { code: 'CANCELLED' });
    await assert.rejects(made.client.dump('sw_interface_dump', ALL_INTERFACES, { signal }), {
      code: 'CANCELLED',
    });
  });

  it('calls that VPP does not answer in time fail, and later ones do not', async () => {
    vpp.stall();
    try {
      const calls = Array.from({ length: 1_000 }, () => ping({ deadlineMs: 50 }));
      const dump = made.client.dump('sw_interface_dump', ALL_INTERFACES, { deadlineMs: 50 });
      assert.deepEqual(await outcomes([...calls, dump]), { DEADLINE_EXCEEDED: 1_001 });
    } finally {
      vpp.resume();
    }
    assert.deepEqual(await outcomes(Array.from({ length: 100 }, () => ping())), { ok: 100 });
  });

  it('adds and removes 5,000 routes', async () => {
    const change = (is_add: boolean): Promise<unknown>[] =>
      Array.from({ length: 5_000 }, (_, n) =>
        made.client.request('ip_route_add_del_v2', {
          is_add,
          is_multipath: false,
          route: route4(n),
        }),
      );
    const table = { table_id: 0, is_ip6: false, name: '' };
    const before = await made.client.dump('ip_route_v2_dump', { src: 0, table });
    assert.deepEqual(await outcomes(change(true)), { ok: 5_000 });
    const during = await made.client.dump('ip_route_v2_dump', { src: 0, table });
    assert.equal(during.length, before.length + 5_000);
    assert.deepEqual(await outcomes(change(false)), { ok: 5_000 });
    const after = await made.client.dump('ip_route_v2_dump', { src: 0, table });
    assert.equal(after.length, before.length);
  });
}
