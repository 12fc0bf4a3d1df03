/** What VPP tells of ARP, more of it than an agent can listen to: a client of the product's, a VPP that is emulated. */
import assert from 'node:assert/strict';
import { AddressEvents } from '../../../../src/dataplane/vpp/watch/address-events.js';
import { MAX_EVENTS } from '../../../../src/dataplane/vpp/watch/event-rate.js';
import { EmulatedVpp } from '../../../support/emulated-vpp.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/null-log.js';
import { ClientUnderTest, overSocket } from '../../../support/vpp-under-test.js';

const LOUD = 7;
const QUIET = 8;

describe('what VPP tells of ARP', () => {
  let vpp: EmulatedVpp;
  let beside: ClientUnderTest;
  let clock: FakeClock;
  let events: AddressEvents;
  let log: MemoryLog;
  let seen: Map<number, number>;
  let missed: number;
  let floods: (readonly [number | undefined, number])[];

  beforeEach(async () => {
    vpp = new EmulatedVpp();
    await vpp.start();
    beside = await ClientUnderTest.ready(overSocket(vpp), { retry: { initialMs: 10, maxMs: 50 } });
    [clock, log, missed, floods] = [new FakeClock(), new MemoryLog(), 0, []];
    seen = new Map();
    const listener = {
      seen: (index: number) => seen.set(index, (seen.get(index) ?? 0) + 1),
      missed: () => missed++,
      flooded: (
        { events: n, index }: { events: number; index: number | undefined },
        ms: number,
      ) => {
        assert.ok(n > MAX_EVENTS);
        floods.push([index, ms]);
      },
    };
    events = new AddressEvents(beside.client, listener, clock, log);
    events.want(true);
    await isListening(true);
    await eventually(() => missed === 1);
  });
  afterEach(async () => {
    await beside.client.close();
    await events.close();
    await vpp.remove();
    assert.equal(clock.pending, 0);
    assert.deepEqual(log.lines, []);
  });

  const wishes = (): ReadonlySet<number> =>
    vpp.emulator.state.wishes.get('want_l2_arp_term_events') ?? new Set();
  const isListening = (is: boolean): Promise<unknown> =>
    eventually(() => wishes().size === (is ? 1 : 0));
  /** A guest that sends from ever other addresses: VPP tells of each. */
  const arps = (index: number, count: number): void => {
    for (let i = 0; i < count; i++) {
      const un = `0a00${i.toString(16).padStart(4, '0')}`;
      const values = { pid: 0, ip: { af: 0, un }, sw_if_index: index, mac: '020000000001' };
      for (const client of wishes()) vpp.emulator.tell('l2_arp_term_event', values, client);
    }
  };
  const flood = async (pauseMs: number): Promise<void> => {
    const before = floods.length;
    arps(QUIET, 1);
    arps(LOUD, MAX_EVENTS + 1);
    await eventually(() => floods.length === before + 1);
    await isListening(false);
    assert.deepEqual(floods.at(-1), [LOUD, pauseMs]);
  };

  it('is not listened to for a while when it is too much, and then all is asked for', async () => {
    await flood(5000);
    const before = missed;
    await clock.advance(4999);
    assert.deepEqual([wishes().size, missed], [0, before]);
    await clock.advance(1);
    await isListening(true);
    await eventually(() => missed === before + 1);
    arps(QUIET, 1);
    const heard = seen.get(QUIET) ?? 0;
    await eventually(() => seen.get(QUIET) === heard + 1);
  });

  it('is paused for longer each time, up to a minute, until there was peace', async () => {
    for (const ms of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      await flood(ms);
      await clock.advance(ms);
      await isListening(true);
    }
    await clock.advance(60_000);
    await flood(5000);
  });

  it('is listened to as long as it is not too much for a second', async () => {
    for (let second = 0; second < 3; second++) {
      for (let i = 1; i <= MAX_EVENTS; i += 500) {
        arps(LOUD, 500);
        const read = second * MAX_EVENTS + i + 499;
        await eventually(() => seen.get(LOUD) === read, 10_000, 1);
      }
      await clock.advance(1000);
    }
    assert.deepEqual([floods, missed], [[], 1]);
  });

  it('is not listened to after a pause in which nobody wanted it', async () => {
    await flood(5000);
    events.want(false);
    await clock.advance(5000);
    assert.equal(wishes().size, 0);
    events.want(true);
    await isListening(true);
  });

  it('was missed once in three seconds at most', async () => {
    for (let i = 0; i < 3; i++) {
      const from = beside.events.length;
      vpp.emulator.dropClients();
      await beside.told('ready', from);
      await isListening(true);
      // One that comes with VPP's answer goes with all that was before.
      const heard = seen.get(QUIET) ?? 0;
      await eventually(() => {
        arps(QUIET, 1);
        return (seen.get(QUIET) ?? 0) > heard;
      });
    }
    assert.equal(missed, 1);
    await clock.advance(3000);
    assert.equal(missed, 2);
    await clock.advance(60_000);
    assert.equal(missed, 2);
  });
});
