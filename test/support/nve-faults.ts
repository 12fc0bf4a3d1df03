/** NVEs that keep to the protocol but for one thing, and the cases that have to find it. */
import { BAD_ITEMS } from '../../src/rpc/convert/malformed.js';
import {
  countsByItself,
  countsTwice,
  ignoresEarlyDeltas,
  ignoresLaterWelcomes,
  isAnotherEachTime,
  losesAllWhenBroken,
  onAnswer,
  onDelta,
  onHello,
  onReports,
  onWelcome,
  refusesUselessRemovals,
  takesAnyEpoch,
  takesAnyReign,
  takesAnyRevision,
  takesBadItems,
  withoutKey,
} from './nve-fault-means.js';
import type { Tampering } from './tampered-nve.js';

export interface Fault {
  /** Of an NVE that … */
  readonly about: string;
  readonly cases: readonly string[];
  readonly tampering: () => Tampering;
}

export const FAULTS: readonly Fault[] = [
  {
    about: 'speaks only another version',
    cases: ['greeting/hello'],
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, protocolVersions: [2] })) }),
  },
  {
    about: 'has no identity',
    cases: ['greeting/hello'],
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, nodeUuid: '' })) }),
  },
  {
    about: 'has a digest of another form',
    cases: ['greeting/hello'],
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, digest: 'none' })) }),
  },
  {
    about: 'can do nothing',
    cases: ['greeting/hello'],
    tampering: () => ({
      fromNve: onHello((hello) => ({
        ...hello,
        capabilities: { ...hello.capabilities, itemKinds: [] },
      })),
    }),
  },
  {
    about: 'is another one each time',
    cases: ['greeting/identity'],
    tampering: isAnotherEachTime,
  },
  {
    about: 'does not tell all that it holds',
    cases: ['greeting/held-items'],
    tampering: () => ({
      fromNve: (message) =>
        message.kind === 'held_items' ? { ...message, entries: message.entries.slice(1) } : message,
    }),
  },
  {
    about: 'calls each part the last',
    cases: ['greeting/held-items-in-parts'],
    tampering: () => ({
      fromNve: (message) => (message.kind === 'held_items' ? { ...message, last: true } : message),
    }),
  },
  {
    about: 'takes any version',
    cases: ['greeting/version'],
    tampering: () => ({ toNve: onWelcome((welcome) => ({ ...welcome, protocolVersion: 1 })) }),
  },
  {
    about: 'takes no notice of deltas before the welcome',
    cases: ['greeting/no-welcome'],
    tampering: ignoresEarlyDeltas,
  },
  {
    about: 'takes no notice of a second welcome',
    cases: ['greeting/second-welcome'],
    tampering: ignoresLaterWelcomes,
  },
  {
    about: 'mixes up its replies',
    cases: ['order/replies'],
    tampering: () => ({
      fromNve: (message) =>
        message.kind === 'delta_reply' && [3, 4].includes(message.sequence)
          ? { ...message, sequence: 7 - message.sequence }
          : message,
    }),
  },
  {
    about: 'does not count deltas',
    cases: ['order/gap', 'order/repeated'],
    tampering: countsByItself,
  },
  {
    about: 'lets an upsert go before a removal of the same key',
    cases: ['order/key-twice'],
    tampering: () => ({ toNve: onDelta((delta) => ({ ...delta, removes: [] })) }),
  },
  {
    about: 'leaves items out that are wrong',
    cases: BAD_ITEMS.map((what) => `order/bad-item/${what.replaceAll(' ', '-')}`),
    tampering: takesBadItems,
  },
  {
    about: 'forgets all after a message that it cannot read',
    cases: ['order/no-message', 'traffic/unknown-query'],
    tampering: losesAllWhenBroken,
  },
  {
    about: 'never tells that something is applied after all',
    cases: ['order/dependencies'],
    tampering: () => ({
      fromNve: onReports((entries) => entries.filter(({ failure }) => failure !== undefined)),
    }),
  },
  {
    about: 'keeps no more than 500 items of a delta',
    cases: ['order/large'],
    tampering: () => ({
      toNve: onDelta((delta) => ({ ...delta, upserts: delta.upserts.slice(0, 500) })),
    }),
  },
  {
    about: 'takes deltas of any epoch',
    cases: ['epoch/stale-delta'],
    tampering: takesAnyEpoch,
  },
  {
    about: 'takes any NVA for its own',
    cases: ['epoch/stale-welcome', 'epoch/other-store'],
    tampering: takesAnyReign,
  },
  {
    about: 'keeps the first epoch',
    cases: ['epoch/higher'],
    tampering: () => ({
      fromNve: onHello((hello) => ({ ...hello, epoch: { ...hello.epoch, number: 1 } })),
    }),
  },
  {
    about: 'takes any revision',
    cases: ['epoch/revision'],
    tampering: takesAnyRevision,
  },
  {
    about: 'does not keep the revision',
    cases: ['resume/in-step'],
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, revision: 0 })) }),
  },
  {
    about: 'has a digest of its own for more than three items',
    cases: ['resume/cut'],
    tampering: () => ({
      fromNve: onHello((hello) =>
        hello.itemCount > 3 ? { ...hello, digest: 'f'.repeat(16) } : hello,
      ),
    }),
  },
  {
    about: 'answers for what it does not store',
    cases: ['resume/unanswered'],
    tampering: () => ({ toNve: onDelta((delta) => withoutKey(delta, 'bd/101')) }),
  },
  {
    about: 'never removes anything',
    cases: ['resume/removed-meanwhile'],
    tampering: () => ({ toNve: onDelta((delta) => ({ ...delta, removes: [] })) }),
  },
  {
    about: 'keeps its failures to itself',
    cases: ['resume/failures', 'reports/partial-failure'],
    tampering: () => ({
      fromNve: onReports((entries) => entries.filter(({ failure }) => failure === undefined)),
    }),
  },
  {
    about: 'comes five times',
    cases: ['resume/many-times'],
    tampering: () => ({ streams: 5 }),
  },
  {
    about: 'reports versions that nobody has sent',
    cases: ['reports/applied', 'reports/of-what-is-known'],
    tampering: () => ({
      fromNve: onReports((entries) =>
        entries.map((entry) => (entry.version === '' ? entry : { ...entry, version: 'other' })),
      ),
    }),
  },
  {
    about: 'calls what it does not know missing',
    cases: ['reports/mended', 'traffic/look'],
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
    cases: ['reports/changed'],
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
    cases: ['reports/same-again'],
    tampering: countsTwice,
  },
  {
    about: 'refuses to remove what is not there',
    cases: ['reports/absent-removed'],
    tampering: refusesUselessRemovals,
  },
  {
    about: 'tells revisions of the future',
    cases: ['reports/settled'],
    tampering: () => ({
      fromNve: (message) =>
        message.kind === 'item_reports'
          ? { ...message, settledRevision: message.settledRevision + 1000 }
          : message,
    }),
  },
  {
    about: 'counts at ports that there are not',
    cases: ['traffic/counters'],
    tampering: () => ({
      fromNve: onAnswer((answer) => ({
        ...answer,
        counters: [{ key: 'port/x', rxPackets: 1, rxBytes: 1, txPackets: 1, txBytes: 1, drops: 0 }],
      })),
    }),
  },
  {
    about: 'loses a query now and then',
    cases: ['traffic/queries'],
    tampering: () => ({
      fromNve: (message) =>
        message.kind === 'query_reply' && message.id === 7 ? undefined : message,
    }),
  },
  {
    about: 'says that it takes host offers, and never answers one',
    cases: ['traffic/host-offer'],
    tampering: () => ({ fromNve: onHello((hello) => ({ ...hello, takesHostOffers: true })) }),
  },
  {
    about: 'reports 100 items at a time, and no more',
    cases: ['traffic/slow-reader'],
    tampering: () => ({ fromNve: onReports((entries) => entries.slice(0, 100)) }),
  },
];
