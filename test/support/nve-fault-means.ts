/** How messages of an NVE and to it are changed, so that it does not keep to the protocol. */
import { STORE_ID } from '../../src/conformance/store-id.js';
import type {
  Delta,
  FromNve,
  Hello,
  ItemReport,
  ReceivedFromNva,
  Welcome,
} from '../../src/model/southbound.js';
import type { QueryReply } from '../../src/model/query.js';
import type { Tampering } from './tampered-nve.js';

type Change<M> = (message: M) => M;

export const onHello =
  (change: Change<Hello>) =>
  (message: FromNve): FromNve =>
    message.kind === 'hello' ? change(message) : message;

export const onReports =
  (change: (entries: readonly ItemReport[]) => readonly ItemReport[]) =>
  (message: FromNve): FromNve =>
    message.kind === 'item_reports' ? { ...message, entries: change(message.entries) } : message;

export const onAnswer =
  (change: Change<QueryReply>) =>
  (message: FromNve): FromNve =>
    message.kind === 'query_reply' ? change(message) : message;

export const onWelcome =
  (change: Change<Welcome>) =>
  (message: ReceivedFromNva): ReceivedFromNva =>
    message.kind === 'welcome' ? change(message) : message;

export const onDelta =
  (change: Change<Delta>) =>
  (message: ReceivedFromNva): ReceivedFromNva =>
    message.kind === 'delta' ? change(message) : message;

export const withoutKey = (delta: Delta, end: string): Delta => ({
  ...delta,
  upserts: delta.upserts.filter(({ key }) => !key.endsWith(end)),
});

/** Remembers what a session is about. */
function sessionState() {
  let isWelcome = false;
  let [epoch, revision, sequence] = [0, 0, 0];
  return {
    onStream: (): void => {
      isWelcome = false;
      sequence = 0;
    },
    isFirstWelcome: (message: ReceivedFromNva): boolean => {
      if (message.kind !== 'welcome') return false;
      const isFirst = !isWelcome;
      isWelcome = true;
      epoch = message.epoch.number;
      return isFirst;
    },
    see: (delta: Delta): void => {
      revision = Math.max(revision, delta.revision);
    },
    nextSequence: (): number => ++sequence,
    get isWelcome(): boolean {
      return isWelcome;
    },
    get epoch(): number {
      return epoch;
    },
    get revision(): number {
      return revision;
    },
  };
}

/** What an NVE takes for an empty delta that it should refuse. */
export function takesBadItems(): Tampering {
  const state = sessionState();
  return {
    onStream: state.onStream,
    toNve(message) {
      state.isFirstWelcome(message);
      if (message.kind === 'delta') state.see(message);
      if (message.kind !== 'bad_delta') return message;
      const { sequence, complete } = message;
      const { epoch, revision } = state;
      return { kind: 'delta', sequence, complete, epoch, revision, upserts: [], removes: [] };
    },
  };
}

/** After a message that could not be read it holds nothing. */
export function losesAllWhenBroken(): Tampering {
  let isBroken = false;
  return {
    onBroken() {
      isBroken = true;
    },
    fromNve: onHello((hello) =>
      isBroken ? { ...hello, digest: '0'.repeat(16), itemCount: 0 } : hello,
    ),
  };
}

/** It does not mind in which order deltas come. */
export function countsByItself(): Tampering {
  const state = sessionState();
  return {
    onStream: state.onStream,
    toNve: onDelta((delta) => ({ ...delta, sequence: state.nextSequence() })),
  };
}

export function ignoresEarlyDeltas(): Tampering {
  const state = sessionState();
  return {
    onStream: state.onStream,
    toNve(message) {
      state.isFirstWelcome(message);
      return message.kind === 'delta' && !state.isWelcome ? undefined : message;
    },
  };
}

export function ignoresLaterWelcomes(): Tampering {
  const state = sessionState();
  return {
    onStream: state.onStream,
    toNve: (message) =>
      message.kind === 'welcome' && !state.isFirstWelcome(message) ? undefined : message,
  };
}

export function takesAnyEpoch(): Tampering {
  const state = sessionState();
  return {
    onStream: state.onStream,
    toNve(message) {
      state.isFirstWelcome(message);
      return onDelta((delta) => ({ ...delta, epoch: state.epoch }))(message);
    },
  };
}

export function takesAnyRevision(): Tampering {
  const state = sessionState();
  return {
    toNve: onDelta((delta) => {
      state.see(delta);
      return { ...delta, revision: state.revision };
    }),
  };
}

/** What it makes whole may be older than what it was welcomed with. */
export function takesLessThanWelcomed(): Tampering {
  let welcomed = 0;
  return {
    toNve: (message) => {
      if (message.kind === 'welcome') welcomed = message.revision;
      return onDelta((delta) => ({ ...delta, revision: Math.max(delta.revision, welcomed) }))(
        message,
      );
    },
  };
}

/** A welcome alone tells it of no epoch. */
export function takesEpochsOfDeltas(): Tampering {
  let latest = 0;
  return {
    toNve: onDelta((delta) => {
      latest = delta.epoch;
      return delta;
    }),
    fromNve: onHello((hello) => ({ ...hello, epoch: { ...hello.epoch, number: latest } })),
  };
}

/** What it has refused it calls applied, with the next reports. */
export function reportsWhatItRefused(): Tampering {
  let refused: readonly ItemReport[] = [];
  return {
    toNve: onDelta((delta) => {
      const removes = new Set(delta.removes);
      const twice = delta.upserts.filter(({ key }) => removes.has(key));
      refused = [...refused, ...twice.map(({ key, version }) => ({ key, version }))];
      return delta;
    }),
    fromNve: onReports((entries) => [...entries, ...refused]),
  };
}

export function leavesWhenItRefuses(): Tampering {
  return {
    fromNve(message) {
      if (message.kind === 'delta_reply' && message.error !== undefined) throw new Error('left');
      return message;
    },
  };
}

export function takesAnyReign(): Tampering {
  let highest = 0;
  return {
    toNve: onWelcome((welcome) => {
      highest = Math.max(highest, welcome.epoch.number);
      return { ...welcome, epoch: { storeId: STORE_ID, number: highest } };
    }),
  };
}

export function refusesUselessRemovals(): Tampering {
  const held = new Set<string>();
  const useless = new Set<number>();
  return {
    toNve: onDelta((delta) => {
      if (delta.removes.some((key) => !held.has(key))) useless.add(delta.sequence);
      for (const { key } of delta.upserts) held.add(key);
      return delta;
    }),
    fromNve: (message) =>
      message.kind === 'delta_reply' && useless.has(message.sequence)
        ? { ...message, error: { code: 'NOT_FOUND', message: 'there is none' } }
        : message,
  };
}

export function countsTwice(): Tampering {
  const held = new Set<string>();
  let twice = 0;
  return {
    toNve: onDelta((delta) => {
      twice += delta.upserts.filter(({ key }) => held.has(key)).length;
      for (const { key } of delta.upserts) held.add(key);
      return delta;
    }),
    fromNve: onHello((hello) => ({ ...hello, itemCount: hello.itemCount + twice })),
  };
}

/** The first reports of a session have a settled revision, and only the first of its failures. */
export function tellsOneFailureAtATime(): Tampering {
  let isFirst = false;
  return {
    onStream: () => {
      isFirst = true;
    },
    fromNve: (message) => {
      const isCut = isFirst && message.kind === 'item_reports' && message.entries.length > 1;
      if (message.kind === 'item_reports') isFirst = false;
      return isCut ? { ...message, entries: message.entries.slice(0, 1) } : message;
    },
  };
}

export function isAnotherEachTime(): Tampering {
  let n = 0;
  return { fromNve: onHello((hello) => ({ ...hello, nodeUuid: `uuid-${++n}` })) };
}
