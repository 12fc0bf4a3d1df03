import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { VppEvent } from '../../src/vpp-api/client/event-queue.js';
import type { Subscription } from '../../src/vpp-api/client/subscriptions.js';
import { ClientUnderTest, untyped, type TransportOf, type VppUnderTest } from './vpp-under-test.js';

const WANT = { enable_disable: 1, pid: process.pid };

/** Reads events one by one; each read fails after 10 seconds. */
export class EventReader {
  readonly #iterator: AsyncIterator<VppEvent>;

  constructor(events: AsyncIterable<VppEvent>) {
    this.#iterator = events[Symbol.asyncIterator]();
  }

  async next(): Promise<VppEvent | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error('no event came'));
      }, 10_000);
    });
    try {
      const result = await Promise.race([this.#iterator.next(), late]);
      return result.done === true ? undefined : result.value;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next event about an interface, whatever comes before it. */
  async about(swIfIndex: unknown): Promise<Extract<VppEvent, { kind: 'event' }>> {
    for (;;) {
      const event = await this.next();
      assert.ok(event !== undefined, 'the events ended');
      if (event.kind === 'event' && event.fields['sw_if_index'] === swIfIndex) return event;
    }
  }
}

/** What VPP tells unasked. */
export function vppContractEvents(
  create: () => VppUnderTest | Promise<VppUnderTest>,
  transportOf: TransportOf,
): void {
  let vpp: VppUnderTest;
  let made: ClientUnderTest;

  beforeEach(async () => {
    vpp = await create();
    await vpp.start();
    made = await ClientUnderTest.ready(transportOf(vpp), { retry: { initialMs: 10, maxMs: 200 } });
  });

  afterEach(async () => {
    await made.client.close();
    await vpp.remove();
  });

  const loopback = async (): Promise<number> => {
    const fields = { mac_address: '00:00:00:00:00:00', is_specified: false, user_instance: 0 };
    const { sw_if_index: index } = await made.client.request('create_loopback_instance', fields);
    return index;
  };
  const setUp = async (index: number, up: boolean): Promise<void> => {
    await made.client.request('sw_interface_set_flags', {
      sw_if_index: index,
      flags: up ? ['IF_STATUS_API_FLAG_ADMIN_UP'] : [],
    });
  };

  it('come after a want, to every reader, and no more after it is closed', async () => {
    const index = await loopback();
    const first = await made.client.subscribe('want_interface_events', WANT);
    const second = await made.client.subscribe('want_interface_events', WANT);
    const readers = [new EventReader(first), new EventReader(second)];
    await setUp(index, true);
    for (const reader of readers) {
      const event = await reader.about(index);
      assert.equal(event.name, 'sw_interface_event');
      assert.equal(event.fields['deleted'], false);
    }
    await first.close();
    await setUp(index, false);
    await readers[1]?.about(index);
    await second.close();
    // Else VPP would refuse it: it takes a want once.
    const third = await made.client.subscribe('want_interface_events', WANT);
    await third.close();
  });

  it('are asked for again after VPP was restarted, and the gap is told', async () => {
    const subscription = await made.client.subscribe('want_interface_events', WANT);
    const reader = new EventReader(subscription);
    await vpp.kill();
    await made.told('lost');
    await vpp.start();
    await made.client.ready(AbortSignal.timeout(30_000));
    for (;;) {
      const event = await reader.next();
      if (event?.kind !== 'gap') continue;
      assert.deepEqual(event, { kind: 'gap', reason: 'reconnected', dropped: 0 });
      break;
    }
    const index = await loopback();
    await setUp(index, true);
    await reader.about(index);
  });

  it('can be asked for the moment that calls are taken', async () => {
    await made.client.close();
    let asked: Promise<Subscription> | undefined;
    made = new ClientUnderTest(transportOf(vpp), {
      onSession: ({ kind }) => {
        if (kind === 'ready') asked = made.client.subscribe('want_interface_events', WANT);
      },
    });
    await made.client.ready(AbortSignal.timeout(30_000));
    assert.ok(asked !== undefined);
    const reader = new EventReader(await asked);
    assert.ok(await reader.about(await loopback()));
  });

  it('are not kept without bound: what is dropped is told', async () => {
    const index = await loopback();
    const few = await made.client.subscribe('want_interface_events', WANT, { capacity: 2 });
    const all = await made.client.subscribe('want_interface_events', WANT, { capacity: 1000 });
    const allReader = new EventReader(all);
    for (let i = 0; i < 10; i++) {
      await setUp(index, i % 2 === 0);
      // VPP tells several changes of one interface at once.
      await allReader.about(index);
    }
    const reader = new EventReader(few);
    assert.equal((await reader.next())?.kind, 'event');
    assert.equal((await reader.next())?.kind, 'event');
    const gap = await reader.next();
    assert.ok(gap?.kind === 'gap' && gap.reason === 'overflow' && gap.dropped >= 8);
    await setUp(index, true);
    assert.equal((await reader.next())?.kind, 'event');
  });

  it('end with the client, with an error', async () => {
    const subscription = await made.client.subscribe('want_interface_events', WANT);
    const next = new EventReader(subscription).next();
    const rejected = assert.rejects(next, { code: 'SHUTTING_DOWN' });
    await made.client.close();
    await rejected;
  });

  it('end with the signal', async () => {
    const abort = new AbortController();
    const options = { signal: abort.signal };
    const subscription = await made.client.subscribe('want_interface_events', WANT, options);
    const next = new EventReader(subscription).next();
    abort.abort();
    assert.equal(await next, undefined);
  });

  it('that two wait for are not ended for both by the signal of one', async () => {
    const abort = new AbortController();
    const { signal } = abort;
    vpp.stall();
    const one = made.client.subscribe('want_interface_events', WANT, { signal });
    const cancelled = assert.rejects(one, { code: 'CANCELLED' });
    const other = made.client.subscribe('want_interface_events', WANT);
    abort.abort();
    vpp.resume();
    await cancelled;
    const reader = new EventReader(await other);
    assert.ok(await reader.about(await loopback()));
  });

  it('leave nothing behind on a signal that lives on', async () => {
    const { signal } = new AbortController();
    const subscription = await made.client.subscribe('want_interface_events', WANT, { signal });
    await subscription.close();
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('that cannot be asked for are refused', async () => {
    const bad = made.client.subscribe(untyped('want_interface_events'), {
      enable_disable: 'yes',
      pid: 1,
    });
    await assert.rejects(bad, { code: 'VPP_FIELD_INVALID' });
    const unknown = made.client.subscribe(untyped('want_no_such_events'), {});
    await assert.rejects(unknown, { code: 'VPP_MESSAGE_UNKNOWN' });
  });
}
