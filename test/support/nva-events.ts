/** Events, and replicas that tell of theirs, for unit tests. */
import { once } from 'node:events';
import { NfvError } from '../../src/errors.js';
import type { Call } from '../../src/model/api.js';
import type { EventsRequest, NvaEvent } from '../../src/model/observation.js';
import type { OwnEvent, OwnEventsRequest, ReplicaApi } from '../../src/model/replica.js';
import { EventRing } from '../../src/nva/observing/event-ring.js';
import { OwnSessions } from '../../src/nva/replicas/own-sessions.js';

export const ALL_EVENTS: EventsRequest = { follow: false, kinds: [], tenant: '', resource: '' };
const START = Date.UTC(2026, 0, 2);

/** @param at milliseconds after some time */
export function nvaEvent(resource: string, at = 0, more: Partial<NvaEvent> = {}): NvaEvent {
  return {
    ...{ sequence: 1, replica: '', time: new Date(START + at).toISOString(), kind: 'NVE_LOST' },
    ...{ resource, tenant: '', who: '', nve: '', revision: 0, code: '', message: '', traceId: '' },
    ...more,
  };
}

/** Answers nothing that it is asked. */
export const MUTE_REPLICA: ReplicaApi = {
  traceNve: () => Promise.reject(notAsked()),
  countPorts: () => Promise.reject(notAsked()),
  readShare: () => Promise.reject(notAsked()),
  ownEvents: () => {
    throw notAsked();
  },
};

function notAsked(): Error {
  return new Error('not asked');
}

/** A replica whose events a test adds, and which can fail and hang. */
export class TellingReplica {
  ring = new EventRing();
  readonly asked: OwnEventsRequest[] = [];
  /** Streams under way. */
  underWay = 0;
  /** Says nothing from now on, until who asks goes. */
  hangs = false;
  /** Every stream ends with it from now on. */
  failure: NfvError | undefined;
  #run = 0;
  #broken = new AbortController();

  /** Ends what is under way, and all that comes, with an error. */
  fail(error = new NfvError('NVA_UNREACHABLE', 'the connection was cut')): void {
    this.failure = error;
    this.#broken.abort();
  }

  recover(): void {
    this.failure = undefined;
    this.#broken = new AbortController();
  }

  /** Another process, which knows of nothing. */
  restart(): void {
    this.ring = new EventRing();
    this.#run++;
    this.recover();
  }

  readonly api: ReplicaApi = {
    ...MUTE_REPLICA,
    ownEvents: (request, call) => this.#tell(request, call),
  };

  #check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  async *#tell(request: OwnEventsRequest, call: Call): AsyncGenerator<OwnEvent> {
    this.asked.push(request);
    this.#check();
    const own = new OwnSessions({
      sessions: { get: () => undefined },
      observer: { share: () => never(), events: { all: this.ring, own: this.ring } },
      run: `run-${this.#run}`,
      stop: new AbortController().signal,
    });
    const signal = AbortSignal.any([call.signal, this.#broken.signal]);
    this.underWay++;
    try {
      for await (const each of own.ownEvents(request, { signal })) {
        if (this.hangs && !call.signal.aborted) await once(call.signal, 'abort');
        else yield each;
      }
      if (!call.signal.aborted) this.#check();
    } finally {
      this.underWay--;
    }
  }
}

function never(): never {
  throw notAsked();
}
