import assert from 'node:assert/strict';
import { PROTOCOL_VERSION, type Hello } from '../../../../src/model/southbound.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { nveRules, readNveStatus } from '../../../../src/nva/resources/nves.js';
import { Resources } from '../../../../src/nva/resources/resources.js';
import { Absentees } from '../../../../src/nva/sessions/absentees.js';
import { Sessions } from '../../../../src/nva/sessions/sessions.js';
import { Tenures } from '../../../../src/nva/sessions/tenures.js';
import { NveStatuses } from '../../../../src/nva/statuses/nve-statuses.js';
import type { NvaSideStream } from '../../../../src/rpc/session-service.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { LINUX_LIKE } from '../../../support/fake-nve.js';
import { fakeStream } from '../../../support/fake-stream.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { nullLog } from '../../../support/null-log.js';
import { nveInput, nveSpec } from '../../../support/specs.js';

const LOCAL = { kind: 'local' } as const;
const ignore = (): undefined => undefined;

describe('claims of sessions', () => {
  let store: MemoryStore;
  let tenures: Tenures;
  let index: CompileIndex;
  let sessions: Sessions;
  /** What happens to a stream that is let in, between its claim and what is stored with that. */
  let claimed: () => Promise<void>;
  let statuses: NveStatuses;
  let open: NvaSideStream[];

  beforeEach(async () => {
    open = [];
    claimed = () => Promise.resolve();
    store = new MemoryStore();
    const clock = new FakeClock();
    const all = new Resources(store, clock, nveRules(store));
    const spec = nveSpec(['192.0.2.1']);
    const call = { signal: new AbortController().signal };
    await all.create({ id: 'host-a', spec, requestId: '', validateOnly: false }, call);
    index = new CompileIndex();
    index.load({ kind: 'Nve', id: 'host-a', after: nveInput(['192.0.2.1']) });
    tenures = new Tenures(store, ignore);
    statuses = new NveStatuses({
      ...{ store, clock, tenures, nves: all },
      connected: (nve) => sessions.get(nve),
      missed: ignore,
      compiled: () => Promise.resolve(),
      liveness: {
        standingOf: () => Promise.resolve({ state: 'DISCONNECTED', reasonCode: '', reason: '' }),
        restore: () => claimed(),
      },
    });
    sessions = new Sessions({
      ...{ clock, log: nullLog, index },
      maySpeakFor: () => true,
      epoch: () => ({ storeId: 'store', number: 1 }),
      caughtUp: () => Promise.resolve(),
      absentees: new Absentees({ exists: () => true, digestOf: () => '', signal: call.signal }),
      revision: () => 1,
      admit: (nve, nodeUuid, facts) => statuses.admit(nve, nodeUuid, facts),
      claimed: (nve) => tenures.claimed(nve),
      ownClaim: (nve) => tenures.ownClaim(nve),
      onProgress: ignore,
      onFacts: (nve, facts) => statuses.store(nve, facts),
      onDeparture: ignore,
      offerOf: ignore,
      onHost: ignore,
      onSightings: ignore,
    });
  });

  afterEach(() => {
    for (const stream of open) stream.end();
  });

  /** An agent that has all it should, and whose version tells its streams apart. */
  function stream(agentVersion: string): NvaSideStream {
    const hello: Hello = {
      ...{ kind: 'hello', protocolVersions: [PROTOCOL_VERSION], nve: 'host-a', agentVersion },
      nodeUuid: '11111111-1111-4111-8111-111111111111',
      ...{ capabilities: LINUX_LIKE, underlays: [], epoch: { storeId: '', number: 0 } },
      ...{ revision: 0, digest: index.sum('host-a').digest, itemCount: 1 },
      ...{ takesHostOffers: true, probesUnderlay: true },
    };
    const made = fakeStream(hello).stream;
    open.push(made);
    return made;
  }

  const storedVersion = async (): Promise<string | undefined> =>
    (await readNveStatus(store, 'host-a'))?.value.agentVersion;

  async function live(agentVersion: string): Promise<NvaSideStream> {
    const made = stream(agentVersion);
    void sessions.handle(made, LOCAL).catch(ignore);
    await settle();
    assert.equal(sessions.get('host-a')?.session.stream, made);
    return made;
  }

  for (const [when, fail] of [
    [
      'once it is let in',
      (going: NvaSideStream): void => {
        going.end();
      },
    ],
    [
      'and cannot be let in',
      (): void => {
        throw new Error('cannot be read');
      },
    ],
  ] as const) {
    it(`are left to the session that goes on by a stream that goes ${when}`, async () => {
      const newer = await live('2');
      const before = tenures.claimed('host-a');
      const older = stream('1');
      claimed = async () => {
        assert.notEqual(tenures.claimed('host-a'), before);
        await Promise.resolve();
        fail(older);
      };
      await assert.rejects(sessions.handle(older, LOCAL));
      await settle();
      const connected = sessions.get('host-a');
      assert.equal(connected?.session.stream, newer);
      assert.equal(connected.claim, tenures.claimed('host-a'));
      assert.equal(await storedVersion(), '2');
    });
  }

  it('are in the order in which streams come to be let in, and so is what these say', async () => {
    const claims: number[] = [];
    let goOn: () => void = ignore;
    claimed = () => {
      claims.push(tenures.claimed('host-a'));
      return claims.length > 1 ? Promise.resolve() : new Promise((resolve) => (goOn = resolve));
    };
    const [first, gone, second] = [stream('1'), stream('2'), stream('3')];
    const handled = assert.rejects(sessions.handle(first, LOCAL));
    await settle();
    const handledGone = assert.rejects(sessions.handle(gone, LOCAL));
    await settle();
    void sessions.handle(second, LOCAL).catch(ignore);
    await settle();
    assert.equal(claims.length, 1);
    gone.end();
    goOn();
    await Promise.all([handled, handledGone]);
    await settle();
    assert.equal(claims.length, 2);
    const connected = sessions.get('host-a');
    assert.deepEqual([connected?.session.stream, connected?.claim], [second, claims[1]]);
    assert.equal(await storedVersion(), '3');
  });
});
