/** NVEs that keep to the protocol but for one thing, and the cases that have to find it. */
import { BAD_ITEMS } from '../../src/rpc/convert/malformed.js';
import {
  countsByItself,
  countsTwice,
  ignoresEarlyDeltas,
  ignoresLaterWelcomes,
  leavesWhenItRefuses,
  isAnotherEachTime,
  losesAllWhenBroken,
  onAnswer,
  onDelta,
  onHello,
  onReports,
  onWelcome,
  refusesUselessRemovals,
  reportsWhatItRefused,
  takesAnyEpoch,
  takesAnyReign,
  takesAnyRevision,
  takesBadItems,
  takesEpochsOfDeltas,
  takesLessThanWelcomed,
  tellsOneFailureAtATime,
  withoutKey,
} from './nve-fault-means.js';
import type { Tampering } from './tampered-nve.js';

export interface Fault {
  /** Of an NVE that … */
  readonly about: string;
  /** With what they say of it. */
  readonly cases: ReadonlyMap<string, RegExp>;
  readonly tampering: () => Tampering;
}

export const FAULTS: readonly Fault[] = [
  {
    about: 'speaks only another version',
    cases: new Map([['greeting/hello', /^it speaks versions 2, not 1$/]]),
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, protocolVersions: [2] })) }),
  },
  {
    about: 'has no identity',
    cases: new Map([['greeting/hello', /^no node_uuid$/]]),
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, nodeUuid: '' })) }),
  },
  {
    about: 'has a digest of another form',
    cases: new Map([['greeting/hello', /^the digest "none" is not 16 hex digits$/]]),
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, digest: 'none' })) }),
  },
  {
    about: 'can do nothing',
    cases: new Map([['greeting/hello', /^it has no vtep$/]]),
    tampering: () => ({
      fromNve: onHello((hello) => ({
        ...hello,
        capabilities: { ...hello.capabilities, itemKinds: [] },
      })),
    }),
  },
  {
    about: 'is another one each time',
    cases: new Map([['greeting/identity', /^node_uuid uuid-\d+, then uuid-\d+$/]]),
    tampering: isAnotherEachTime,
  },
  {
    about: 'does not tell all that it holds',
    cases: new Map([['greeting/held-items', /^it tells bd.* bd.*, not .*vtep/]]),
    tampering: () => ({
      fromNve: (message) =>
        message.kind === 'held_items' ? { ...message, entries: message.entries.slice(1) } : message,
    }),
  },
  {
    about: 'calls each part the last',
    cases: new Map([['greeting/held-items-in-parts', /^it tells 1000 items, not 1502$/]]),
    tampering: () => ({
      fromNve: (message) => (message.kind === 'held_items' ? { ...message, last: true } : message),
    }),
  },
  {
    about: 'takes any version',
    cases: new Map([['greeting/version', /the session's end: another version$/]]),
    tampering: () => ({ toNve: onWelcome((welcome) => ({ ...welcome, protocolVersion: 1 })) }),
  },
  {
    about: 'takes no notice of deltas before the welcome',
    cases: new Map([['greeting/no-welcome', /the session's end: a delta before welcome$/]]),
    tampering: ignoresEarlyDeltas,
  },
  {
    about: 'takes no notice of a second welcome',
    cases: new Map([['greeting/second-welcome', /the session's end: a second welcome$/]]),
    tampering: ignoresLaterWelcomes,
  },
  {
    about: 'mixes up its replies',
    cases: new Map([['order/replies', /^replies to 1, 2, 4, 3, 5$/]]),
    tampering: () => ({
      fromNve: (message) =>
        message.kind === 'delta_reply' && [3, 4].includes(message.sequence)
          ? { ...message, sequence: 7 - message.sequence }
          : message,
    }),
  },
  {
    about: 'does not count deltas',
    cases: new Map([
      ['order/gap', /the session's end: a delta is missing$/],
      ['order/repeated', /the session's end: a delta came twice$/],
    ]),
    tampering: countsByItself,
  },
  {
    about: 'lets an upsert go before a removal of the same key',
    cases: new Map([['order/key-twice', /^a delta that makes and removes one key is stored$/]]),
    tampering: () => ({ toNve: onDelta((delta) => ({ ...delta, removes: [] })) }),
  },
  {
    about: 'reports what it has refused as applied',
    cases: new Map([['order/refused', /^bd\/109 is reported applied, and its delta was refused$/]]),
    tampering: reportsWhatItRefused,
  },
  {
    about: 'ends the session where it should refuse a delta',
    cases: new Map([
      ['order/refused', /^the session ended before the reply to delta 2$/],
      ['order/key-twice', /^the session ended before the reply to delta 2$/],
      ['epoch/revision', /^the session ended before the reply to delta 3$/],
    ]),
    tampering: leavesWhenItRefuses,
  },
  {
    about: 'does not say by a code why it refuses',
    cases: new Map([['order/refused', / is refused with "no, thanks"$/]]),
    tampering: () => ({
      fromNve: (message) =>
        message.kind === 'delta_reply' && message.error !== undefined
          ? { ...message, error: { ...message.error, code: 'no, thanks' } }
          : message,
    }),
  },
  {
    about: 'leaves items out that are wrong',
    cases: new Map(
      BAD_ITEMS.map((what) => [
        `order/bad-item/${what.replaceAll(' ', '-')}`,
        new RegExp(`^an item with ${what} is stored$`),
      ]),
    ),
    tampering: takesBadItems,
  },
  {
    about: 'forgets all after a message that it cannot read',
    cases: new Map([
      ['order/no-message', /^after an unknown message: hello tells 0 items /],
      ['traffic/unknown-query', /^after an unknown query: hello tells 0 items /],
    ]),
    tampering: losesAllWhenBroken,
  },
  {
    about: 'never tells that something is applied after all',
    cases: new Map([['order/dependencies', /bd\/100 as wanted$/]]),
    tampering: () => ({
      fromNve: onReports((entries) => entries.filter(({ failure }) => failure !== undefined)),
    }),
  },
  {
    about: 'keeps no more than 500 items of a delta',
    cases: new Map([
      ['order/large', /^after a thousand items: hello tells 503 items .*, not 1003 /],
    ]),
    tampering: () => ({
      toNve: onDelta((delta) => ({ ...delta, upserts: delta.upserts.slice(0, 500) })),
    }),
  },
  {
    about: 'takes deltas of any epoch',
    cases: new Map([['epoch/stale-delta', /^a delta of a lower epoch is stored$/]]),
    tampering: takesAnyEpoch,
  },
  {
    about: 'takes any NVA for its own',
    cases: new Map([
      ['epoch/stale-welcome', /the session's end: a lower epoch$/],
      ['epoch/other-store', /the session's end: another store$/],
    ]),
    tampering: takesAnyReign,
  },
  {
    about: 'keeps the first epoch',
    cases: new Map([['epoch/higher', /^hello tells epoch 1, not 2$/]]),
    tampering: () => ({
      fromNve: onHello((hello) => ({ ...hello, epoch: { ...hello.epoch, number: 1 } })),
    }),
  },
  {
    about: 'takes any revision',
    cases: new Map([['epoch/revision', /^a delta of a lower revision is stored$/]]),
    tampering: takesAnyRevision,
  },
  {
    about: 'takes an epoch over with a delta only',
    cases: new Map([['epoch/higher', /^hello tells epoch 1, not 2$/]]),
    tampering: takesEpochsOfDeltas,
  },
  {
    about: 'lets an old revision make its configuration whole',
    cases: new Map([
      ['epoch/below-welcome', /^a delta of a lower revision than the welcome's is stored$/],
    ]),
    tampering: takesLessThanWelcomed,
  },
  {
    about: 'does not keep the revision',
    cases: new Map([['resume/in-step', /^hello tells epoch 1 and revision 0, not 1 and 1$/]]),
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, revision: 0 })) }),
  },
  {
    about: 'has a digest of its own for more than three items',
    cases: new Map([['resume/cut', /^the digest f{16} is that of neither/]]),
    tampering: () => ({
      fromNve: onHello((hello) =>
        hello.itemCount > 3 ? { ...hello, digest: 'f'.repeat(16) } : hello,
      ),
    }),
  },
  {
    about: 'answers for what it does not store',
    cases: new Map([['resume/unanswered', /^after an answer: hello tells 3 items .*, not 4 /]]),
    tampering: () => ({ toNve: onDelta((delta) => withoutKey(delta, 'bd/101')) }),
  },
  {
    about: 'never removes anything',
    cases: new Map([['resume/removed-meanwhile', /^bd\/101 is AS_WANTED, not UNWANTED$/]]),
    tampering: () => ({ toNve: onDelta((delta) => ({ ...delta, removes: [] })) }),
  },
  {
    about: 'keeps its failures to itself',
    cases: new Map([
      ['resume/failures', / is not reported failed in the session after, before a settled /],
      ['reports/partial-failure', / cannot be, and is not reported failed$/],
    ]),
    tampering: () => ({
      fromNve: onReports((entries) => entries.filter(({ failure }) => failure === undefined)),
    }),
  },
  {
    about: 'tells a settled revision before its failures',
    cases: new Map([['resume/failures', / is not reported failed in the session after, before/]]),
    tampering: tellsOneFailureAtATime,
  },
  {
    about: 'comes again at once, however often nobody takes it',
    cases: new Map([['resume/backoff', /^it came \d+ times in 1 s, and was not taken$/]]),
    tampering: () => ({ waitMs: 1 }),
  },
  {
    about: 'comes five times',
    cases: new Map([['resume/many-times', /it does not come back$/]]),
    tampering: () => ({ streams: 5 }),
  },
  {
    about: 'reports versions that nobody has sent',
    cases: new Map([
      ['reports/applied', /^bd\/101 is reported applied, as version "other"/],
      ['reports/of-what-is-known', / is reported of version other, which it was not sent$/],
    ]),
    tampering: () => ({
      fromNve: onReports((entries) =>
        entries.map((entry) => (entry.version === '' ? entry : { ...entry, version: 'other' })),
      ),
    }),
  },
  {
    about: 'calls what it does not know missing',
    cases: new Map([
      ['reports/mended', / is MISSING, not UNWANTED/],
      ['traffic/look', /^it sees AS_WANTED, MISSING$/],
    ]),
    tampering: () => ({
      fromNve: onAnswer((answer) => ({
        ...answer,
        sights: answer.sights.map((sight) =>
          sight.state === 'UNWANTED' ? { ...sight, state: 'MISSING' } : sight,
        ),
      })),
    }),
  },
  {
    about: 'leaves an item in the version that it has',
    cases: new Map([['reports/changed', /^bd\/101 is reported applied, as version /]]),
    tampering: () => ({
      toNve: onDelta((delta) => ({
        ...delta,
        upserts: delta.upserts.filter(
          ({ payload }) => payload.kind !== 'bridge_domain' || payload.mtu !== 1300,
        ),
      })),
    }),
  },
  {
    about: 'counts what comes twice as two',
    cases: new Map([
      ['reports/same-again', /^after the same again: hello tells 6 items .*, not 3 /],
    ]),
    tampering: countsTwice,
  },
  {
    about: 'refuses to remove what is not there',
    cases: new Map([['reports/absent-removed', /^delta \d+ is refused: NOT_FOUND there is none$/]]),
    tampering: refusesUselessRemovals,
  },
  {
    about: 'tells revisions of the future',
    cases: new Map([['reports/settled', /^revision \d+, and \d+ was sent$/]]),
    tampering: () => ({
      fromNve: (message) =>
        message.kind === 'item_reports'
          ? { ...message, settledRevision: message.settledRevision + 1000 }
          : message,
    }),
  },
  {
    about: 'counts at ports that there are not',
    cases: new Map([['traffic/counters', /^it counts at a port of nobody$/]]),
    tampering: () => ({
      fromNve: onAnswer((answer) => ({
        ...answer,
        counters: [{ key: 'port/x', rxPackets: 1, rxBytes: 1, txPackets: 1, txBytes: 1, drops: 0 }],
      })),
    }),
  },
  {
    about: 'loses a query now and then',
    cases: new Map([['traffic/queries', /the answer to query 7$/]]),
    tampering: () => ({
      fromNve: (message) =>
        message.kind === 'query_reply' && message.id === 7 ? undefined : message,
    }),
  },
  {
    about: 'answers a query twice',
    cases: new Map([['traffic/queries', /^query 7 is answered twice$/]]),
    tampering: () => ({
      saysTwice: (message) => message.kind === 'query_reply' && message.id === 7,
    }),
  },
  {
    about: 'says that it takes host offers, and never answers one',
    cases: new Map([['traffic/host-offer', /host_report$/]]),
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, takesHostOffers: true })) }),
  },
  {
    about: 'reports 100 items at a time, and no more',
    cases: new Map([['traffic/slow-reader', /^1800 of 2000 failures are not told$/]]),
    tampering: () => ({ fromNve: onReports((entries) => entries.slice(0, 100)) }),
  },
];
