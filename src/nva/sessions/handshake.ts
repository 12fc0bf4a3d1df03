/** The first messages of a session: who the NVE is, and what it holds. */
import { NfvError, type ErrorCode } from '../../errors.js';
import { delay, type Clock } from '../../model/clock.js';
import type { Underlay } from '../../model/nve.js';
import { PROTOCOL_VERSION, type Epoch, type FromNve, type Hello } from '../../model/southbound.js';

const HELLO_MS = 10_000;
/** For all of them: a peer that goes on and on is broken. */
const HELD_ITEMS_MS = 60_000;
/** Far more than any NVE can have: a peer that sends more is broken. */
const MAX_HELD = 2_000_000;
/** Of their keys and versions: 64 of each. */
const MAX_HELD_CHARACTERS = 128 * 1024 * 1024;

/** @throws NfvError PROTOCOL_VIOLATION, DEADLINE_EXCEEDED or that of the stream */
export async function receiveHello(incoming: AsyncIterator<FromNve>, clock: Clock): Promise<Hello> {
  const first = await within(clock, HELLO_MS, incoming.next(), 'hello');
  if (first.done !== true && first.value.kind === 'hello') return first.value;
  throw new NfvError('PROTOCOL_VIOLATION', 'the first message is not hello');
}

/** Whether we can be this NVE's NVA at all. @throws NfvError */
export function checkHello(hello: Hello, epoch: Epoch): void {
  const refuse = (code: ErrorCode, text: string): never => {
    throw new NfvError(code, `nves/${hello.nve}: ${text}`);
  };
  if (!hello.protocolVersions.includes(PROTOCOL_VERSION)) {
    refuse(
      'PROTOCOL_VERSION',
      `speaks version ${hello.protocolVersions.join(', ')} of the protocol, not ${PROTOCOL_VERSION}`,
    );
  }
  // Without one any number of machines would be this NVE.
  if (hello.nodeUuid === '') refuse('PROTOCOL_VIOLATION', 'says hello without node_uuid');
  const held = hello.epoch;
  if (held.storeId !== '' && held.storeId !== epoch.storeId) {
    refuse(
      'FOREIGN_STORE',
      `holds the configuration of another NVA's store, ${held.storeId}; this one is ${epoch.storeId}`,
    );
  }
  if (held.storeId !== '' && held.number > epoch.number) {
    refuse('STALE_EPOCH', `has heard of epoch ${held.number}; this NVA's is ${epoch.number}`);
  }
}

/** What an NVE says before it is told anything. */
export interface HeldItems {
  /** By key. */
  readonly versions: ReadonlyMap<string, string>;
  /** The latest, if they have changed since hello. */
  readonly underlays: readonly Underlay[] | undefined;
}

/** @throws NfvError CANCELLED where it ends, PROTOCOL_VIOLATION, DEADLINE_EXCEEDED or that of the stream */
export function receiveHeldItems(
  incoming: AsyncIterator<FromNve>,
  clock: Clock,
): Promise<HeldItems> {
  return within(clock, HELD_ITEMS_MS, gatherHeldItems(incoming), 'held items');
}

async function gatherHeldItems(incoming: AsyncIterator<FromNve>): Promise<HeldItems> {
  const versions = new Map<string, string>();
  let characters = 0;
  let underlays: readonly Underlay[] | undefined;
  for (;;) {
    const next = await incoming.next();
    if (next.done === true) {
      // Its agent was stopped, say, or its host: that is nobody's fault.
      throw new NfvError('CANCELLED', 'the stream ended before all held items had come');
    }
    const message = next.value;
    // What it noticed meanwhile is reported again once the session is up.
    if (isRepeated(message)) continue;
    if (message.kind === 'underlay_report') {
      ({ underlays } = message);
      continue;
    }
    if (message.kind !== 'held_items') {
      throw new NfvError('PROTOCOL_VIOLATION', `${message.kind} before held items`);
    }
    for (const { key, version } of message.entries) {
      versions.set(key, version);
      characters += key.length + version.length;
    }
    if (versions.size > MAX_HELD || characters > MAX_HELD_CHARACTERS) {
      throw new NfvError('PROTOCOL_VIOLATION', 'too many held items');
    }
    if (message.last) return { versions, underlays };
  }
}

function isRepeated({ kind }: FromNve): boolean {
  return (
    kind === 'item_reports' ||
    kind === 'drift_reports' ||
    kind === 'dataplane_report' ||
    kind === 'host_report'
  );
}

async function within<T>(clock: Clock, ms: number, wait: Promise<T>, what: string): Promise<T> {
  const done = new AbortController();
  const late = delay(clock, ms, done.signal).then((): never => {
    throw new NfvError('DEADLINE_EXCEEDED', `no ${what} within ${ms / 1000} s`);
  });
  // Ends with the abort below, which nobody needs to hear of.
  late.catch(() => undefined);
  try {
    return await Promise.race([wait, late]);
  } finally {
    done.abort();
  }
}
