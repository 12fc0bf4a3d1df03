/** What endpoints' ports have counted, asked of their NVEs. */
import { setMaxListeners } from 'node:events';
import { invalidField, NfvError } from '../../errors.js';
import type { EndpointSpec } from '../../model/endpoint.js';
import { portKey } from '../../model/item.js';
import type { PortCounters } from '../../model/query.js';
import type { PortAt } from '../../model/replica.js';
import { MAX_COUNTED, type EndpointCounters } from '../../model/trace.js';
import type { Connected } from '../sessions/sessions.js';

/** Where the ports of endpoints are. @throws NfvError NOT_FOUND, INVALID_FIELD */
export function portsOf(
  ids: readonly string[],
  endpointOf: (id: string) => Pick<EndpointSpec, 'nve'> | undefined,
): readonly PortAt[] {
  if (ids.length === 0 || ids.length > MAX_COUNTED) {
    const given = `${ids.length} of them`;
    throw invalidField('endpoints', given, 'out of range', `give 1-${MAX_COUNTED}`);
  }
  return ids.map((endpoint) => {
    const spec = endpointOf(endpoint);
    if (spec === undefined) throw new NfvError('NOT_FOUND', `endpoints/${endpoint} does not exist`);
    return { endpoint, nve: spec.nve };
  });
}

/** In the order of `ports`; that an NVE cannot tell, or has no session here, is an answer. */
export async function countPorts(
  ports: readonly PortAt[],
  connected: (nve: string) => Connected | undefined,
  signal: AbortSignal,
): Promise<readonly EndpointCounters[]> {
  const byNve = new Map<string, string[]>();
  for (const { endpoint, nve } of ports) {
    const keys = byNve.get(nve) ?? [];
    keys.push(portKey(endpoint));
    byNve.set(nve, keys);
  }
  // Each NVE that is asked waits on it.
  setMaxListeners(0, signal);
  const answers = new Map(
    await Promise.all(
      [...byNve].map(
        async ([nve, keys]) => [nve, await ask(nve, keys, connected(nve), signal)] as const,
      ),
    ),
  );
  return ports.map((port) => countersOf(port, answers.get(port.nve)));
}

/** Of a port of which nobody could tell. */
export function uncounted(port: PortAt, { code, message: reason }: NfvError): EndpointCounters {
  return { ...port, code, reason };
}

function countersOf(
  port: PortAt,
  answer: ReadonlyMap<string, PortCounters> | NfvError | undefined,
): EndpointCounters {
  if (answer === undefined || answer instanceof NfvError) {
    return uncounted(port, answer ?? new NfvError('INTERNAL', 'no answer'));
  }
  const found = answer.get(portKey(port.endpoint));
  if (found === undefined) {
    return { ...port, code: 'NVE_PENDING', reason: 'the port is not there' };
  }
  const { rxPackets, rxBytes, txPackets, txBytes, drops } = found;
  const counters = { rxPackets, rxBytes, txPackets, txBytes, drops };
  return { ...port, counters, code: '', reason: '' };
}

async function ask(
  nve: string,
  keys: readonly string[],
  connected: Connected | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PortCounters> | NfvError> {
  if (connected === undefined) {
    return new NfvError('NVE_DISCONNECTED', `nves/${nve} is not connected`);
  }
  try {
    const { counters } = await connected.session.queries.ask({ what: 'COUNTERS', keys }, signal);
    return new Map(counters.map((each) => [each.key, each]));
  } catch (thrown) {
    return NfvError.from(thrown);
  }
}
