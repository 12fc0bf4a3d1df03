/** What happened, of whichever replica it is asked: real processes on a real etcd, each with an agent of its own. */
import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import type { EventKind, NvaEvent } from '../../../src/model/observation.js';
import type { NvaClient } from '../../../src/rpc/nva-client.js';
import { eventually } from '../../support/eventually.js';
import { ALL_EVENTS } from '../../support/nva-events.js';
import { call } from '../../support/nva-replicas.js';
import { PeerRig } from '../../support/peer-rig.js';

const REFUSED = new NfvError('NETNS_MISSING', 'there is no network namespace there');

/** `nfvctl events --follow` of a client. */
class Follower {
  readonly told: NvaEvent[] = [];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(client: NvaClient) {
    const events = client.observation.events(
      { ...ALL_EVENTS, follow: true },
      { signal: this.#stop.signal },
    );
    this.#ended = this.#read(events);
  }

  async #read(events: AsyncIterable<NvaEvent>): Promise<void> {
    for await (const event of events) this.told.push(event);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

describe('what happened, at replicas that ask each other', function () {
  this.timeout(120_000);
  const rig = new PeerRig();
  before(function () {
    return rig.begin(this);
  });
  afterEach(() => rig.reset());
  after(() => rig.end());

  /** Until each has told of all hosts: they look for each other every second. */
  async function allKnown(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await eventually(async () => (await told(i, 'NVE_CONNECTED')).length === count);
    }
  }

  async function all(client: NvaClient, ...kinds: EventKind[]): Promise<NvaEvent[]> {
    const found: NvaEvent[] = [];
    const events = client.observation.events({ ...ALL_EVENTS, kinds }, call);
    for await (const event of events) found.push(event);
    return found;
  }
  const told = (i: number, ...kinds: EventKind[]): Promise<NvaEvent[]> =>
    all(rig.client(i), ...kinds);
  const follow = (i: number): Follower => {
    const follower = new Follower(rig.client(i));
    rig.atEnd(() => follower.stop());
    return follower;
  };
  const failNextPort = (i: number): void => {
    const fault = { key: `port/e-${i}`, times: 1, mode: 'refuse', error: REFUSED } as const;
    rig.agent(i).dataplane.faults.push(fault);
  };
  const at = (i: number): string => rig.address(i);
  const short = ({ kind, resource, replica, code }: NvaEvent): string =>
    [kind, resource, replica, code].filter((text) => text !== '').join(' ');
  const bySession = ({ revision }: NvaEvent): boolean => revision === 0;

  it('is the same whichever is asked, and names the replica and who did it', async () => {
    await rig.start(3);
    await allKnown(3);
    for (const host of [0, 1, 2]) await rig.attach(host);
    const lists = await Promise.all([0, 1, 2].map((i) => told(i)));
    for (const [i, events] of lists.entries()) {
      const sessions = events.filter(bySession).map(short);
      assert.deepEqual(sessions, lists[0]?.filter(bySession).map(short), `replica ${i}`);
      assert.deepEqual(
        [...sessions].sort(),
        [0, 1, 2].map((host) => `NVE_CONNECTED nves/host-${host} ${at(host)}`),
      );
      const times = events.map(({ time }) => time);
      assert.deepEqual(times, [...times].sort());
    }
    const authors = lists.map((events) =>
      events
        .filter(({ kind }) => kind === 'CREATED')
        .map(({ resource, who, traceId }) => `${resource} ${who} ${traceId}`),
    );
    const [first = []] = authors;
    assert.equal(first.length, 7);
    for (const each of first) assert.match(each, /^\S+ local [0-9a-f]{32}$/);
    for (const other of authors) assert.deepEqual(other, first);
  });

  it('comes as it happens, and goes on when a replica was away', async () => {
    await rig.start(2);
    await allKnown(2);
    const follower = follow(0);
    // What needs the port that fails is told, too.
    const sessions = (): string[] =>
      follower.told.filter((event) => bySession(event) && event.code !== 'ITEM_BLOCKED').map(short);
    const before = [0, 1].map((host) => `NVE_CONNECTED nves/host-${host} ${at(host)}`);
    await eventually(() => sessions().length === 2);
    failNextPort(1);
    await rig.attach(1);
    const failed = `APPLY_FAILED endpoints/e-1 ${at(1)} NETNS_MISSING`;
    await eventually(() => sessions().includes(failed));
    await rig.stopAgent(1);
    const lost = `NVE_LOST nves/host-1 ${at(1)}`;
    await eventually(() => sessions().includes(lost));
    await rig.nva.kill(1);
    const silent = `MISSED ${at(1)} NVA_UNREACHABLE`;
    await eventually(() => sessions().includes(silent));
    await rig.nva.start(1);
    await rig.startAgent(1);
    await eventually(() => sessions().length === 6, 20_000);
    assert.deepEqual(sessions(), [...before, failed, lost, silent, before[1]]);
    const ids = follower.told
      .filter(({ sequence }) => sequence > 0)
      .map(({ replica, sequence, time }) => `${replica} ${sequence} ${time}`);
    assert.equal(new Set(ids).size, ids.length);
    const log = rig.nva.daemon(0).out;
    assert.equal(log.split('another replica does not answer').length, 2);
    assert.match(log, /another replica answers again/);
    await follower.stop();
    const { watchers } = await rig.client(0).observation.statistics(call);
    assert.equal(watchers, 0);
  });

  it('of one that hangs is told in time to be missing; the rest is there', async () => {
    await rig.start(2);
    await allKnown(2);
    await rig.whileHanging(1, async () => {
      const started = performance.now();
      const sessions = (await told(0)).filter(bySession).map(short);
      assert.ok(performance.now() - started < 4000);
      assert.deepEqual(sessions, [
        `NVE_CONNECTED nves/host-0 ${at(0)}`,
        `MISSED ${at(1)} DEADLINE_EXCEEDED`,
      ]);
    });
  });

  it('goes on with one that hung for so long that its connections were given up', async () => {
    await rig.start(2);
    await allKnown(2);
    const follower = follow(0);
    const sessions = (): string[] => follower.told.filter(bySession).map(short);
    const connected = `NVE_CONNECTED nves/host-1 ${at(1)}`;
    await eventually(() => sessions().includes(connected));
    await rig.whileHanging(1, async () => {
      // Keepalives of 10 s, with 5 s for the answer.
      await eventually(() => sessions().some((told) => told.startsWith('MISSED')), 30_000);
    });
    // It finds its own lease gone, and its agent comes anew.
    await eventually(() => sessions().filter((told) => told === connected).length === 2, 20_000);
    const missed = follower.told.filter(({ kind }) => kind === 'MISSED');
    assert.deepEqual(missed.map(short), [`MISSED ${at(1)} NVA_UNREACHABLE`]);
    const ids = follower.told.map(({ replica, sequence }) => `${replica} ${sequence}`);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('is told over mutual TLS to who may know it, and to nobody else', async () => {
    const secured = await rig.startSecured(2);
    await allKnown(2);
    failNextPort(1);
    await rig.attach(1);
    await eventually(async () => (await told(0, 'APPLY_FAILED')).length > 0);
    // The network and the endpoint are hers; the NVEs, and their sessions, are not.
    assert.deepEqual((await all(await secured.clientOf('user/alice', 0))).map(short), [
      `CREATED virtualNetworks/net ${secured.address(0)}`,
      `CREATED endpoints/e-1 ${secured.address(0)}`,
      `APPLY_FAILED endpoints/e-1 ${secured.address(1)} NETNS_MISSING`,
    ]);
    assert.deepEqual(await all(await secured.clientOf('user/bob', 0)), []);
    assert.match(
      secured.audited(1),
      /who:nva for user\/alice,.*method:WatchOwnEvents,.*outcome:OK/,
    );
  });
});
