/** What this replica can tell of the NVEs whose sessions it has. */
import type { Call } from '../../model/api.js';
import type {
  NveTrace,
  OwnEvent,
  OwnEventsRequest,
  PortAt,
  ReplicaApi,
  SharePage,
} from '../../model/replica.js';
import type { EndpointCounters, Hop } from '../../model/trace.js';
import { joined } from '../joined-signal.js';
import type { Observer } from '../observing/observer.js';
import { countPorts } from './read-counters.js';
import type { Sessions } from '../sessions/sessions.js';
import { traceNve } from '../trace/trace-nve.js';

export interface OwnSessionsDeps {
  readonly sessions: Pick<Sessions, 'get'>;
  readonly observer: Pick<Observer, 'share' | 'events'>;
  /** This process: no other ever had the same. */
  readonly run: string;
  /** Ends what is listened to. */
  readonly stop: AbortSignal;
}

export class OwnSessions implements ReplicaApi {
  constructor(private readonly deps: OwnSessionsDeps) {}

  has(nve: string): boolean {
    return this.deps.sessions.get(nve) !== undefined;
  }

  traceNve(question: NveTrace, { signal }: Call): Promise<readonly Hop[]> {
    return traceNve(question, this.deps.sessions.get(question.nve), signal);
  }

  countPorts(ports: readonly PortAt[], { signal }: Call): Promise<readonly EndpointCounters[]> {
    return countPorts(ports, (nve) => this.deps.sessions.get(nve), signal);
  }

  readShare(pageToken: string): Promise<SharePage> {
    return Promise.resolve(this.deps.observer.share(pageToken));
  }

  /** @throws the reason of `stop` when that aborts */
  async *ownEvents(request: OwnEventsRequest, call: Call): AsyncGenerator<OwnEvent> {
    const { run, stop, observer } = this.deps;
    const { signal, end } = joined(call.signal, stop);
    const isSameRun = request.run !== '' && request.run === run;
    const after = isSameRun ? request.after : undefined;
    try {
      for await (const placed of observer.events.own.read(request.follow, signal, after)) {
        yield { run, ...placed };
      }
    } finally {
      end();
    }
    stop.throwIfAborted();
  }
}
