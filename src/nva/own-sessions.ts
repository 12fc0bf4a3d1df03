/** What this replica can tell of the NVEs whose sessions it has. */
import type { Call } from '../model/api.js';
import type { NveTrace, PortAt, ReplicaApi } from '../model/replica.js';
import type { EndpointCounters, Hop } from '../model/trace.js';
import { countPorts } from './read-counters.js';
import type { Sessions } from './sessions.js';
import { traceNve } from './trace-nve.js';

export class OwnSessions implements ReplicaApi {
  constructor(private readonly sessions: Pick<Sessions, 'get'>) {}

  has(nve: string): boolean {
    return this.sessions.get(nve) !== undefined;
  }

  traceNve(question: NveTrace, { signal }: Call): Promise<readonly Hop[]> {
    return traceNve(question, this.sessions.get(question.nve), signal);
  }

  countPorts(ports: readonly PortAt[], { signal }: Call): Promise<readonly EndpointCounters[]> {
    return countPorts(ports, (nve) => this.sessions.get(nve), signal);
  }
}
