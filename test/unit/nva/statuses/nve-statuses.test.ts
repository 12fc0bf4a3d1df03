import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { timestamp } from '../../../../src/model/clock.js';
import type { DataplaneStatus } from '../../../../src/model/dataplane-status.js';
import type { HostStatus } from '../../../../src/model/host/offer.js';
import type { Item } from '../../../../src/model/item.js';
import type { Nve, NveSpec } from '../../../../src/model/nve.js';
import { sessionKey, specKey, statusKey } from '../../../../src/nva/keys.js';
import { NveStatuses } from '../../../../src/nva/statuses/nve-statuses.js';
import { STATUS_RECORDS } from '../../../../src/nva/records.js';
import { nveRules, readNveStatus } from '../../../../src/nva/resources/nves.js';
import { Resources } from '../../../../src/nva/resources/resources.js';
import type { Connected, NveFacts } from '../../../../src/nva/sessions/sessions.js';
import { Tenures } from '../../../../src/nva/sessions/tenures.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { LINUX_LIKE } from '../../../support/fake-nve.js';
import { fakeStream } from '../../../support/fake-stream.js';
import { bridgeDomain, itemOf } from '../../../support/items.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { sessionOf } from '../../../support/session-of.js';
import { nveSpec } from '../../../support/specs.js';

const AGENT = '11111111-1111-4111-8111-111111111111';
const FACTS: NveFacts = { capabilities: LINUX_LIKE, underlays: [], agentVersion: '1' };
const HOST: HostStatus = {
  ...{ profile: 'large', wantedHash: 'abc', appliedProfile: '', appliedHash: '' },
  ...{ phase: 'PENDING', reasonCode: '', reason: '' },
};
const DATAPLANE: DataplaneStatus = {
  ...{ session: 'CONNECTED', since: '', reasonCode: '', reason: '', restarts: 0, boot: '' },
  ...{ features: [], plugins: [] },
};
const call = { signal: new AbortController().signal };

describe('what is known of an NVE', () => {
  let store: MemoryStore;
  let clock: FakeClock;
  let nves: Resources<NveSpec, Nve>;
  let statuses: NveStatuses;
  let tenures: Tenures;
  let connected: Connected | undefined;
  let missed: number | undefined;
  /** The revisions that the compiler was waited for. */
  let compiled: number[];
  /** Between the claim and what is stored with it. */
  let restoring: () => void;
  beforeEach(async () => {
    restoring = () => undefined;
    compiled = [];
    connected = missed = undefined;
    store = new MemoryStore();
    clock = new FakeClock();
    nves = new Resources(store, clock, nveRules(store));
    tenures = new Tenures(store, () => undefined);
    statuses = new NveStatuses({
      store,
      clock,
      nves,
      connected: () => connected,
      missed: () => missed,
      compiled: (revision) => {
        compiled.push(revision);
        return Promise.resolve();
      },
      tenures,
      liveness: {
        standingOf: () => Promise.resolve({ state: 'DISCONNECTED', reasonCode: '', reason: '' }),
        restore: () => {
          restoring();
          return Promise.resolve();
        },
      },
    });
    const request = { id: 'host-a', spec: nveSpec(['192.0.2.1']), requestId: '' };
    await nves.create({ ...request, validateOnly: false }, call);
  });

  it('is stored at its hello', async () => {
    await statuses.admit('host-a', AGENT, FACTS);
    const { spec, status } = await nves.get('host-a');
    assert.equal(spec.nodeUuid, AGENT);
    assert.deepEqual(status.capabilities, LINUX_LIKE);
    assert.equal(status.lastSeenTime, timestamp(clock.now()));
  });

  it('is not stored of one that is deleted at this moment', async () => {
    await statuses.admit('host-a', AGENT, { ...FACTS, agentVersion: '0' });
    store.beforeTxn = () => {
      store.delete(specKey('nves', 'host-a'));
      store.delete(statusKey('nves', 'host-a'));
    };
    await assert.rejects(statuses.store('host-a', FACTS), { code: 'NOT_FOUND' });
    assert.equal(await readNveStatus(store, 'host-a'), undefined);
  });

  it('waits for the compiler though all of it is stored: by another replica, of an NVE not heard of here yet', async () => {
    await statuses.admit('host-a', AGENT, FACTS);
    const stored = await store.get(statusKey('nves', 'host-a'));
    const again = nves.revise(
      { id: 'host-a', etag: '', validateOnly: false, byUser: false },
      (spec) => ({ ...spec, labels: { rack: '7' } }),
      call,
    );
    const { meta } = await again;
    compiled = [];
    await statuses.admit('host-a', AGENT, FACTS);
    assert.deepEqual(await store.get(statusKey('nves', 'host-a')), stored);
    assert.deepEqual(compiled, [meta.revision]);
  });

  it('leaves no claim of one that is deleted while its agent is let in', async () => {
    restoring = (): void => {
      store.delete(specKey('nves', 'host-a'));
    };
    await assert.rejects(statuses.admit('host-a', AGENT, FACTS), { code: 'NOT_FOUND' });
    assert.equal(tenures.claimed('host-a'), 0);
  });

  it('is not stored of a session that another has replaced', async () => {
    const claim = await statuses.admit('host-a', AGENT, { ...FACTS, agentVersion: '1' });
    await statuses.store('host-a', { ...FACTS, agentVersion: '2' }, claim + 1);
    assert.equal((await readNveStatus(store, 'host-a'))?.value.agentVersion, '1');
    await statuses.store('host-a', { ...FACTS, agentVersion: '2' }, claim);
    assert.equal((await readNveStatus(store, 'host-a'))?.value.agentVersion, '2');
  });

  it('is stored though somebody changes the NVE at this moment', async () => {
    await statuses.admit('host-a', AGENT, { ...FACTS, agentVersion: '0' });
    const spec = await store.get(specKey('nves', 'host-a'));
    const count = store.txns.length;
    store.beforeTxn = () => {
      if (store.txns.length === count + 1) store.put(specKey('nves', 'host-a'), spec?.value ?? '');
    };
    await statuses.store('host-a', FACTS);
    assert.equal((await readNveStatus(store, 'host-a'))?.value.agentVersion, '1');
  });

  it('has the time of its departure once it is gone', async () => {
    await statuses.admit('host-a', AGENT, FACTS);
    const since = timestamp(clock.now());
    await clock.advance(3_600_000);
    statuses.depart('host-a', connectedSince(since));
    const stored = await store.get(statusKey('nves', 'host-a'));
    const record = await statuses.recordOf('host-a', stored);
    assert.match(record ?? '', new RegExp(`"lastSeenTime":"${timestamp(clock.now())}"`));
    assert.match(record ?? '', /"state":"DISCONNECTED"/);
  });

  it('keeps what it could do, and addresses that went, while it says nothing of them, in all that is written', async () => {
    const underlays = [{ address: '192.0.2.1', interface: 'eth0', mtu: 9000 }];
    await statuses.admit('host-a', AGENT, { ...FACTS, underlays });
    // Its dataplane is away, and an address of the host.
    const unknown = { ...LINUX_LIKE, itemKinds: [], dataplaneVersion: '' };
    const facts = { ...FACTS, capabilities: unknown };
    await statuses.store('host-a', facts);
    const written = async (): Promise<unknown> => {
      const stored = await store.get(statusKey('nves', 'host-a'));
      const text = (await statuses.recordOf('host-a', stored)) ?? assert.fail();
      store.put(statusKey('nves', 'host-a'), text);
      const record = STATUS_RECORDS.nves.decode('host-a', text);
      return [record.capabilities, record.underlays, record.awayUnderlays ?? []];
    };
    const held = [LINUX_LIKE, [], underlays];
    assert.deepEqual(await written(), held, 'nobody is connected');
    connected = { ...connectedSince(''), facts };
    assert.deepEqual(await written(), held, 'it is connected');
    statuses.depart('host-a', connected);
    connected = undefined;
    assert.deepEqual(await written(), held, 'it has gone');
    const unable = { ...LINUX_LIKE, itemKinds: [] };
    await statuses.admit('host-a', AGENT, { ...FACTS, capabilities: unable, underlays });
    assert.deepEqual(await written(), [unable, underlays, []]);
  });

  it('is what is stored once another has claimed it, whoever is asked', async () => {
    const own = await statuses.admit('host-a', AGENT, FACTS);
    statuses.depart('host-a', { ...connectedSince(''), claim: own, host: HOST });
    assert.deepEqual(await statuses.hostOf('host-a'), HOST);
    const facts = { ...FACTS, underlays: [{ address: '192.0.2.1', interface: 'eth0', mtu: 9216 }] };
    await statuses.store('host-a', facts);
    const stored = await store.get(statusKey('nves', 'host-a'));
    assert.ok(!((await statuses.recordOf('host-a', stored)) ?? '').includes('9216'));
    const claim = { key: sessionKey('host-a'), createRevision: 90, modRevision: 90 };
    const kv = { ...claim, value: '{"process":"other"}' };
    tenures.saw({ kind: 'put', kv }, 90);
    assert.match((await statuses.recordOf('host-a', stored)) ?? '', /"mtu":9216/);
    assert.equal(await statuses.hostOf('host-a'), undefined);
  });

  it('is what is stored when its session ends because another has claimed it', async () => {
    const own = await statuses.admit('host-a', AGENT, FACTS);
    const ours = { ...connectedSince(''), claim: own, host: HOST };
    const claim = { key: sessionKey('host-a'), createRevision: 90, modRevision: 90 };
    tenures.saw({ kind: 'put', kv: { ...claim, value: '{"process":"other"}' } }, 90);
    statuses.depart('host-a', ours);
    assert.equal(await statuses.hostOf('host-a'), undefined);
  });

  it('is not said to be at it while its dataplane is away, whatever else it says of its host', async () => {
    await statuses.admit('host-a', AGENT, FACTS);
    assert.equal((await readNveStatus(store, 'host-a'))?.value.state, 'SYNCING');
    const because = { reasonCode: 'VPP_UNREACHABLE', reason: 'nobody listens' };
    connected = { ...connectedSince(''), dataplane: { ...DATAPLANE, session: 'LOST', ...because } };
    await statuses.store('host-a', { ...FACTS, agentVersion: '9' });
    const stored = (await readNveStatus(store, 'host-a'))?.value;
    assert.deepEqual([stored?.agentVersion, stored?.state], ['9', 'DEGRADED']);
    assert.equal(stored?.reasonCode, 'VPP_UNREACHABLE');
  });

  it('tells of one that lags why its dataplane keeps it waiting', async () => {
    const cause = async (dataplane: DataplaneStatus): Promise<unknown> => {
      connected = { ...connectedSince('', [itemOf(bridgeDomain(10))]), dataplane };
      const { code, reason } = (await statuses.laggard('host-a', 0)) ?? assert.fail();
      return [code, reason];
    };
    assert.deepEqual(await cause(DATAPLANE), ['NVE_PENDING', 'it is still applying']);
    const because = { reasonCode: 'VPP_UNREACHABLE', reason: 'nobody listens' };
    assert.deepEqual(await cause({ ...DATAPLANE, session: 'LOST', ...because }), [
      'VPP_UNREACHABLE',
      'its dataplane: nobody listens',
    ]);
  });

  it('tells of one that lags with another replica what that has stored of it', async () => {
    await statuses.admit('host-a', AGENT, FACTS);
    missed = 1;
    assert.equal(await statuses.laggard('host-a', 0), undefined);
    assert.equal((await statuses.laggard('host-a', 1))?.code, 'NVE_DISCONNECTED');
    tenures.isElsewhere = () => true;
    const slow = { nve: 'host-a', appliedRevision: 0, failures: [] };
    assert.deepEqual(await statuses.laggard('host-a', 1), {
      ...slow,
      ...{ code: 'NVE_PENDING', reason: 'it is still applying' },
    });
    const { key, value } = (await store.get(statusKey('nves', 'host-a'))) ?? assert.fail();
    const failures = [{ key: 'port/a', code: 'NETNS_MISSING', message: 'no netns' }];
    const stored = STATUS_RECORDS.nves.decode(key, value);
    store.put(key, STATUS_RECORDS.nves.encode({ ...stored, failures, appliedRevision: 7 }));
    assert.deepEqual(await statuses.laggard('host-a', 1), {
      ...{ nve: 'host-a', code: 'NETNS_MISSING', reason: 'port/a: no netns' },
      ...{ appliedRevision: 7, failures },
    });
    // Where the store is away it tells what is known without it.
    store.get = () => Promise.reject(new NfvError('STORE_UNREACHABLE', 'etcd is away'));
    assert.equal((await statuses.laggard('host-a', 1))?.code, 'NVE_PENDING');
  });

  function connectedSince(since: string, lacking?: readonly Item[]): Connected {
    const session = sessionOf(fakeStream().stream, lacking);
    const counts = { driftCount: 0, driftedCount: 0 };
    const host = { host: undefined, takesHostOffers: false, probesUnderlay: false };
    const claimed = { claim: tenures.claimed('host-a'), facts: FACTS };
    const factsWriter = { tell: () => undefined };
    return {
      session,
      factsWriter,
      ...claimed,
      drifts: [],
      ...counts,
      dataplane: undefined,
      ...host,
      since,
    };
  }
});
