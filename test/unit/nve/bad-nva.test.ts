/** What an NVA says that it should not: it changes nothing, and the agent goes on. */
import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { ErrorCode } from '../../../src/errors.js';
import type { Welcome } from '../../../src/model/southbound.js';
import { AgentRig, delta, STORE, welcome } from '../../support/agent-rig.js';
import { behind, bridgeDomain, itemOf, macEntry, tunnel, vtep } from '../../support/items.js';
import { block, integer } from '../../support/protobuf.js';
import type { NvaEnd } from '../../support/scripted-nva.js';

const MAC = '02:00:00:00:00:0a';
const REMOTE = '10.0.1.1';
const CONFIGURATION = [
  vtep(),
  bridgeDomain(10),
  tunnel(10, REMOTE),
  macEntry(10, MAC, behind(REMOTE)),
].map(itemOf);
const MORE = itemOf(macEntry(10, '02:00:00:00:00:0b', behind(REMOTE)));

/** Field numbers of proto/nfv/v1: ConnectResponse.delta, Delta.upserts, Item. */
const wireDelta = (...fields: readonly Buffer[]): Buffer => block(2, ...fields);
const header = (sequence: number): readonly Buffer[] => [
  integer(1, sequence),
  integer(2, STORE.number),
  integer(3, 11),
];
const wireItem = (key: string, ...content: readonly Buffer[]): Buffer =>
  block(4, block(1, key), block(2, 'v1'), ...content);
const wireMac = (mac: string, vni = 10): Buffer =>
  block(8, integer(1, vni), block(2, mac), block(3, REMOTE));

interface Row {
  readonly title: string;
  readonly code: ErrorCode;
  readonly say: (session: NvaEnd) => void;
}

const say = (message: Parameters<NvaEnd['send']>[0] | Buffer) => (session: NvaEnd) => {
  if (Buffer.isBuffer(message)) session.sendBytes(message);
  else session.send(message);
};
const bytes = (title: string, code: ErrorCode, ...fields: readonly Buffer[]): Row => ({
  title,
  code,
  say: say(wireDelta(...header(2), ...fields)),
});

/** In the middle of a session: the delta is refused, the session goes on. */
const REFUSED: readonly Row[] = [
  {
    title: 'a delta of an older epoch',
    code: 'STALE_EPOCH',
    say: say(delta([MORE], { sequence: 2, epoch: STORE.number - 1, revision: 11 })),
  },
  {
    title: 'a delta of an epoch that no welcome told',
    code: 'STALE_EPOCH',
    say: say(delta([MORE], { sequence: 2, epoch: STORE.number + 1, revision: 11 })),
  },
  {
    title: 'a delta of an older revision',
    code: 'PROTOCOL_VIOLATION',
    say: say(delta([MORE], { sequence: 2, revision: 9 })),
  },
  {
    title: 'an item twice',
    code: 'PROTOCOL_VIOLATION',
    say: say(delta([MORE, MORE], { sequence: 2, revision: 11 })),
  },
  {
    title: 'an item that comes and goes',
    code: 'PROTOCOL_VIOLATION',
    say: say(delta([MORE], { sequence: 2, revision: 11, removes: [MORE.key] })),
  },
  {
    title: 'the removal of no key',
    code: 'PROTOCOL_VIOLATION',
    say: say(delta([], { sequence: 2, revision: 11, removes: [''] })),
  },
  {
    title: 'the removal of an endless key',
    code: 'PROTOCOL_VIOLATION',
    say: say(delta([], { sequence: 2, revision: 11, removes: ['k'.repeat(257)] })),
  },
  {
    title: 'too many changes',
    code: 'PROTOCOL_VIOLATION',
    say: say(
      delta([], {
        sequence: 2,
        revision: 11,
        removes: Array.from({ length: 1001 }, (_, i) => `k${i}`),
      }),
    ),
  },
  {
    title: 'a change of one item, and an item of a wrong key beside it',
    code: 'ITEM_INVALID',
    say: say(delta([MORE, { ...MORE, key: 'mac/10/other' }], { sequence: 2, revision: 11 })),
  },
  {
    title: 'an item without a version',
    code: 'ITEM_INVALID',
    say: say(delta([{ ...MORE, version: '' }], { sequence: 2, revision: 11 })),
  },
  {
    title: 'an item with endless dependencies',
    code: 'ITEM_INVALID',
    say: say(
      delta([{ ...MORE, dependsOn: Array.from({ length: 33 }, (_, i) => `k${i}`) }], {
        sequence: 2,
        revision: 11,
      }),
    ),
  },
  {
    title: 'an item with a dependency that is no key',
    code: 'ITEM_INVALID',
    say: say(delta([{ ...MORE, dependsOn: [''] }], { sequence: 2, revision: 11 })),
  },
  bytes('an item of a kind yet unknown', 'ITEM_UNSUPPORTED', wireItem('nat/1', block(99, 'x'))),
  bytes('an item without content', 'ITEM_UNSUPPORTED', wireItem('mac/10/x')),
  bytes(
    'a MAC that is none',
    'ITEM_INVALID',
    wireItem('mac/10/zz:00:00:00:00:0b', wireMac('zz:00:00:00:00:0b')),
  ),
  bytes(
    'a VNI that is none',
    'ITEM_INVALID',
    wireItem(`mac/16777216/${MAC}`, wireMac(MAC, 16_777_216)),
  ),
  bytes(
    'a MAC that is nowhere',
    'ITEM_INVALID',
    wireItem(`mac/10/${MAC}`, block(8, integer(1, 10), block(2, MAC))),
  ),
  bytes(
    'a port that is none',
    'INVALID_FIELD',
    wireItem('port/e1', block(10, block(1, 'e1'), integer(2, 10))),
  ),
];

/** In the middle of a session: the session is over. */
const LOST: readonly Row[] = [
  {
    title: 'the same delta again',
    code: 'PROTOCOL_VIOLATION',
    say: say(delta([MORE], { sequence: 1, revision: 11 })),
  },
  {
    title: 'the delta after the next',
    code: 'PROTOCOL_VIOLATION',
    say: say(delta([MORE], { sequence: 3, revision: 11 })),
  },
  { title: 'another welcome', code: 'PROTOCOL_VIOLATION', say: say(welcome()) },
  { title: 'an empty message', code: 'PROTOCOL_VIOLATION', say: say(Buffer.alloc(0)) },
  { title: 'a message of an unknown kind', code: 'PROTOCOL_VIOLATION', say: say(block(15, 'x')) },
  { title: 'no protocol buffers', code: 'INTERNAL', say: say(Buffer.from('ff'.repeat(20), 'hex')) },
  {
    title: 'a message over the limit',
    code: 'MESSAGE_TOO_LARGE',
    say: say(Buffer.concat([wireDelta(...header(2)), block(100, Buffer.alloc(4 * 1024 * 1024))])),
  },
  {
    title: 'a sequence beyond all numbers',
    code: 'INVALID_FIELD',
    say: say(wireDelta(Buffer.from('08ffffffffffffffffff01', 'hex'))),
  },
  {
    title: 'an error',
    code: 'INTERNAL',
    say: (session) => {
      session.fail(status.INTERNAL, 'out of its mind');
    },
  },
  {
    title: 'nothing more',
    code: 'NVA_UNREACHABLE',
    say: (session) => {
      session.end();
    },
  },
];

const hail = (change: Partial<Welcome>): ((session: NvaEnd) => void) => say(welcome(change));

/** In answer to hello: there is no session. */
const UNWELCOME: readonly Row[] = [
  { title: 'a delta', code: 'PROTOCOL_VIOLATION', say: say(delta([MORE], { revision: 11 })) },
  {
    title: 'a welcome of another store',
    code: 'FOREIGN_STORE',
    say: hail({ epoch: { storeId: 'store-2', number: 9 } }),
  },
  {
    title: 'a welcome of an older epoch',
    code: 'STALE_EPOCH',
    say: hail({ epoch: { ...STORE, number: STORE.number - 1 } }),
  },
  {
    title: 'a welcome in a protocol to come',
    code: 'PROTOCOL_VERSION',
    say: hail({ protocolVersion: 2 }),
  },
  {
    title: 'an error',
    code: 'NVA_UNREACHABLE',
    say: (session) => {
      session.fail(status.UNAVAILABLE, 'not now');
    },
  },
  {
    title: 'the end',
    code: 'NVA_UNREACHABLE',
    say: (session) => {
      session.end();
    },
  },
];

describe('an agent whose NVA', () => {
  let rig: AgentRig;
  let session: NvaEnd;
  let stored: readonly string[];
  let content: readonly string[];

  beforeEach(async () => {
    rig = await AgentRig.start();
    session = await rig.sync(CONFIGURATION);
    stored = await rig.stored();
    content = rig.dataplane.content;
    rig.takeLog();
  });
  afterEach(() => rig.close());

  const assertUnchanged = async (): Promise<void> => {
    assert.deepEqual(await rig.stored(), stored);
    assert.deepEqual(rig.dataplane.content, content);
  };

  /** With nobody to tell it what to do. */
  const assertRepairs = async (): Promise<void> => {
    const { key } = MORE;
    const [lost] = CONFIGURATION.slice(-1);
    assert.ok(lost);
    rig.dataplane.destroy(lost.key);
    rig.dataplane.notify([lost.key]);
    await rig.until(() => rig.dataplane.objects.has(lost.key));
    assert.ok(!rig.dataplane.objects.has(key));
  };

  /** A session that compares, and then a delta. */
  const assertTakes = async (next: NvaEnd): Promise<void> => {
    const [hello] = next.of('hello');
    assert.equal(hello?.itemCount, CONFIGURATION.length);
    assert.equal(hello.revision, 10);
    next.send(welcome());
    await rig.until(() => next.of('held_items').some(({ last }) => last));
    assert.equal(await rig.answer(next, delta([MORE], { revision: 12 })), 'stored');
    await rig.until(() => rig.dataplane.objects.has(MORE.key));
  };

  for (const { title, code, say } of REFUSED) {
    it(`sends ${title}: refuses it with ${code}`, async () => {
      say(session);
      const [, reply] = await rig.until(() => {
        const replies = session.of('delta_reply');
        return replies.length > 1 ? replies : false;
      });
      assert.equal(reply?.sequence, 2);
      assert.equal(reply.error?.code, code);
      assert.deepEqual(rig.takeLog(), [`error delta refused ${code}`]);
      await assertUnchanged();
      await assertRepairs();
      const next = delta([MORE], { sequence: 3, revision: 12 });
      assert.equal(await rig.answer(session, next), 'stored');
      await rig.until(() => rig.dataplane.objects.has(MORE.key));
      assert.equal(rig.nva.sessions.length, 1);
    });
  }

  for (const { title, code, say } of LOST) {
    it(`sends ${title}: is left with ${code}`, async () => {
      say(session);
      const next = await rig.session(1);
      assert.equal(rig.takeLog()[0], `warn no session with the NVA ${code}`);
      assert.ok(session.isOver || code !== 'PROTOCOL_VIOLATION');
      await assertUnchanged();
      await assertRepairs();
      await assertTakes(next);
    });
  }

  for (const { title, code, say } of UNWELCOME) {
    it(`answers hello with ${title}: is left with ${code}`, async () => {
      session.send(welcome());
      const second = await rig.session(1);
      rig.log.lines.length = 0;
      say(second);
      const third = await rig.session(2);
      const told = rig.log.lines.filter(({ message }) => message === 'no session with the NVA');
      assert.deepEqual(
        told.map(({ fields }) => 'code' in fields && fields.code),
        [code],
      );
      await assertUnchanged();
      await assertRepairs();
      await assertTakes(third);
    });
  }

  it('never answers hello: is left when it had its time', async () => {
    session.end();
    const second = await rig.session(1);
    rig.takeLog();
    await rig.clock.advance(29_000);
    assert.deepEqual(rig.takeLog(), []);
    await rig.clock.advance(1000);
    assert.deepEqual(rig.takeLog(), ['warn no session with the NVA DEADLINE_EXCEEDED']);
    const third = await rig.session(2);
    await rig.until(() => second.isOver);
    await assertUnchanged();
    await assertTakes(third);
  });

  it('removes what was never there: does so', async () => {
    const removes = ['mac/10/02:00:00:00:00:0f', 'nonsense'];
    const gone = delta([], { sequence: 2, revision: 11, removes });
    assert.equal(await rig.answer(session, gone), 'stored');
    await rig.until(() =>
      removes.every((key) =>
        session
          .of('item_reports')
          .some((m) => m.entries.some((e) => e.key === key && e.version === '')),
      ),
    );
    assert.deepEqual(rig.dataplane.content, content);
    assert.deepEqual(
      await rig.stored('/nfvd/item/'),
      stored.filter((line) => line.startsWith('/nfvd/item/')),
    );
  });
});
