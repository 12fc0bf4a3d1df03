import assert from 'node:assert/strict';
import type { NfvError } from '../../../../src/errors.js';
import { Digest, PROTOCOL_VERSION, type Hello } from '../../../../src/model/southbound.js';
import { Absentees } from '../../../../src/nva/sessions/absentees.js';
import { CompileIndex } from '../../../../src/nva/compiler/compile-index.js';
import { Sessions } from '../../../../src/nva/sessions/sessions.js';
import type { NvaSideStream } from '../../../../src/rpc/session-service.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { LINUX_LIKE } from '../../../support/fake-nve.js';
import { fakeStream } from '../../../support/fake-stream.js';
import { nullLog } from '../../../support/null-log.js';
import { nveInput } from '../../../support/specs.js';

const HELLO: Hello = {
  kind: 'hello',
  protocolVersions: [PROTOCOL_VERSION],
  nve: 'host-a',
  nodeUuid: '11111111-1111-4111-8111-111111111111',
  agentVersion: '1',
  capabilities: LINUX_LIKE,
  underlays: [],
  epoch: { storeId: '', number: 0 },
  revision: 0,
  digest: new Digest().text,
  itemCount: 0,
  takesHostOffers: true,
  probesUnderlay: true,
};

const HELD_NOTHING = { kind: 'held_items', entries: [], last: true } as const;

const ignore = (): undefined => undefined;

/** Calls back when the agent has been told something, and before anything else is done. */
function whenWelcome(stream: NvaSideStream, callback: () => void): NvaSideStream {
  return {
    ...stream,
    send(message) {
      setImmediate(callback);
      return stream.send(message);
    },
  };
}

/**
 * @param admit answers with the revision of the agent's claim, 5 where it has none
 * @param claimed the revision of the latest claim
 */
function sessionsOn(
  index: CompileIndex,
  admit: () => number | undefined,
  claimed = (): number => 5,
): Sessions {
  return new Sessions({
    clock: new FakeClock(),
    log: nullLog,
    maySpeakFor: () => true,
    epoch: () => ({ storeId: 'store', number: 1 }),
    caughtUp: () => Promise.resolve(),
    index,
    absentees: new Absentees({
      exists: () => false,
      digestOf: () => '',
      signal: new AbortController().signal,
    }),
    revision: () => 1,
    admit: () => Promise.resolve(admit() ?? 5),
    claimed,
    ownClaim: claimed,
    onProgress: ignore,
    onFacts: () => Promise.resolve(),
    onDeparture: ignore,
    offerOf: () => undefined,
    onHost: ignore,
    onSightings: ignore,
  });
}

const NO_WORK = { full: 0, sum: 0, member: 0, endpoint: 0 };

describe('sessions', () => {
  it('have none with an NVE that is deleted while its agent says hello', async () => {
    const index = new CompileIndex();
    const sessions = sessionsOn(index, () => {
      sessions.deliver(index.apply({ kind: 'Nve', id: 'host-a', after: undefined }), 2);
    });
    index.load({ kind: 'Nve', id: 'host-a', after: nveInput(['192.0.2.1']) });
    const { stream, sent } = fakeStream(HELLO);
    await assert.rejects(sessions.handle(stream, { kind: 'local' }), { code: 'NOT_FOUND' });
    assert.equal(sessions.get('host-a'), undefined);
    assert.deepEqual(sent, []);
  });

  it('compile nothing for an agent that has gone before its turn came', async () => {
    const index = new CompileIndex();
    const { stream, sent } = fakeStream(HELLO);
    const sessions = sessionsOn(index, () => {
      stream.end();
    });
    index.load({ kind: 'Nve', id: 'host-a', after: nveInput(['192.0.2.1']) });
    await assert.rejects(sessions.handle(stream, { kind: 'local' }));
    assert.deepEqual(index.counters, NO_WORK);
    assert.equal(sessions.get('host-a'), undefined);
    assert.deepEqual(sent, []);
  });

  it('hear in one stream at a time what an NVE holds: that of its latest hello', async () => {
    const index = new CompileIndex();
    index.load({ kind: 'Nve', id: 'host-a', after: nveInput(['192.0.2.1']) });
    const sessions = sessionsOn(index, ignore);
    const [first, second] = [fakeStream(HELLO), fakeStream(HELLO)];
    const ends: (NfvError | undefined)[] = [];
    const older: NvaSideStream = {
      ...first.stream,
      end(error) {
        ends.push(error);
        first.stream.end(error);
      },
    };
    const handled = assert.rejects(sessions.handle(older, { kind: 'local' }));
    await settle();
    assert.equal(ends.length, 0);
    const handledLater = assert.rejects(sessions.handle(second.stream, { kind: 'local' }));
    await handled;
    assert.equal(ends[0]?.code, 'SESSION_REPLACED');
    assert.equal(second.stream.signal.aborted, false);
    second.stream.end();
    await handledLater;
  });

  it('hear the latest hello, though one of before is let in after it', async () => {
    const index = new CompileIndex();
    index.load({ kind: 'Nve', id: 'host-a', after: nveInput(['192.0.2.1']) });
    const claims = [6, 5];
    const sessions = sessionsOn(
      index,
      () => claims.shift(),
      () => 6,
    );
    const latest = fakeStream(HELLO);
    const handled = assert.rejects(sessions.handle(latest.stream, { kind: 'local' }));
    await settle();
    const handledLater = sessions.handle(fakeStream(HELLO).stream, { kind: 'local' });
    await assert.rejects(handledLater, { code: 'SESSION_REPLACED' });
    assert.equal(latest.stream.signal.aborted, false);
    latest.stream.end();
    await handled;
  });

  it('end no stream for one that has gone before it is let in', async () => {
    const index = new CompileIndex();
    index.load({ kind: 'Nve', id: 'host-a', after: nveInput(['192.0.2.1']) });
    const gone = fakeStream(HELLO);
    const admits = [
      ignore,
      (): void => {
        gone.stream.end();
      },
    ];
    const sessions = sessionsOn(index, () => {
      admits.shift()?.();
      return undefined;
    });
    const going = fakeStream(HELLO);
    const handled = assert.rejects(sessions.handle(going.stream, { kind: 'local' }));
    await settle();
    await assert.rejects(sessions.handle(gone.stream, { kind: 'local' }));
    assert.equal(going.stream.signal.aborted, false);
    going.stream.end();
    await handled;
  });

  it('have none with an agent that has gone after it said what it holds', async () => {
    const index = new CompileIndex();
    const { stream } = fakeStream(HELLO, HELD_NOTHING);
    const going = whenWelcome(stream, () => {
      stream.end();
    });
    const sessions = sessionsOn(index, ignore);
    index.load({ kind: 'Nve', id: 'host-a', after: nveInput(['192.0.2.1']) });
    await assert.rejects(sessions.handle(going, { kind: 'local' }));
    assert.equal(sessions.get('host-a'), undefined);
  });

  it('have none with an NVE that another replica claims before its turn comes', async () => {
    const index = new CompileIndex();
    index.load({ kind: 'Nve', id: 'host-a', after: nveInput(['192.0.2.1']) });
    let latest = 5;
    const sessions = sessionsOn(
      index,
      () => {
        latest = 6;
        return 5;
      },
      () => latest,
    );
    const { stream, sent } = fakeStream(HELLO);
    const handled = sessions.handle(stream, { kind: 'local' });
    await assert.rejects(handled, { code: 'SESSION_REPLACED' });
    assert.deepEqual([sent, index.counters], [[], NO_WORK]);
    assert.equal(sessions.get('host-a'), undefined);
  });

  for (const [what, claim] of [
    ['another replica claims', 6],
    ['is deleted and made anew', 0],
  ] as const) {
    it(`have none with an NVE that ${what} before it has said what it holds`, async () => {
      const index = new CompileIndex();
      index.load({ kind: 'Nve', id: 'host-a', after: nveInput(['192.0.2.1']) });
      let latest = 5;
      const sessions = sessionsOn(index, ignore, () => latest);
      const { stream, sent } = fakeStream(HELLO, HELD_NOTHING);
      const thenAnother = whenWelcome(stream, () => (latest = claim));
      const handled = sessions.handle(thenAnother, { kind: 'local' });
      await assert.rejects(handled, { code: 'SESSION_REPLACED' });
      assert.deepEqual(
        sent.map(({ kind }) => kind),
        ['welcome'],
      );
      assert.equal(sessions.get('host-a'), undefined);
    });
  }
});
