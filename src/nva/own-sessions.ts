/** What this replica can tell of the NVEs whose sessions it has. */
import type { Call } from '../model/api.js';
import type { NveTrace, PortAt, ReplicaApi, ReplicaShare } from '../model/replica.js';
import type { EndpointCounters, Hop } from '../model/trace.js';
import type { Observer } from './observer.js';
import { countPorts } from './read-counters.js';
import type { Sessions } from './sessions.js';
import { traceNve } from './trace-nve.js';

export class OwnSessions implements ReplicaApi {
  constructor(
    private readonly sessions: Pick<Sessions, 'get'>,
    private readonly observer: Pick<Observer, 'share'>,
  ) {}

  has(nve: string): boolean {
    return this.sessions.get(nve) !== undefined;
  }

  traceNve(question: NveTrace, { signal }: Call): Promise<readonly Hop[]> {
    return traceNve(question, this.sessions.get(question.nve), signal);
  }

  countPorts(ports: readonly PortAt[], { signal }: Call): Promise<readonly EndpointCounters[]> {
    return countPorts(ports, (nve) => this.sessions.get(nve), signal);
  }

  readShare(): Promise<ReplicaShare> {
    return Promise.resolve(this.observer.share());
  }
}
