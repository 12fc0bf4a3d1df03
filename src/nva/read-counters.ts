/** What endpoints' ports have counted, asked of their NVEs. */
import { setMaxListeners } from 'node:events';
import { invalidField, NfvError } from '../errors.js';
import type { EndpointSpec } from '../model/endpoint.js';
import { portKey } from '../model/item.js';
import type { PortCounters } from '../model/query.js';
import { MAX_COUNTED, type EndpointCounters } from '../model/trace.js';
import type { Connected } from './sessions.js';

export interface CountersDeps {
  endpoint(id: string): EndpointSpec | undefined;
  connected(nve: string): Connected | undefined;
}

/**
 * In the order of `ids`; that an NVE cannot tell is an answer.
 * @throws NfvError NOT_FOUND, INVALID_FIELD
 */
export async function readCounters(
  ids: readonly string[],
  deps: CountersDeps,
  signal: AbortSignal,
): Promise<readonly EndpointCounters[]> {
  if (ids.length === 0 || ids.length > MAX_COUNTED) {
    throw invalidField(
      'endpoints',
      `${ids.length} of them`,
      'out of range',
      `give 1-${MAX_COUNTED}`,
    );
  }
  const byNve = new Map<string, string[]>();
  const nveOf = new Map<string, string>();
  for (const id of ids) {
    const spec = deps.endpoint(id);
    if (spec === undefined) throw new NfvError('NOT_FOUND', `endpoints/${id} does not exist`);
    nveOf.set(id, spec.nve);
    byNve.set(spec.nve, [...(byNve.get(spec.nve) ?? []), portKey(id)]);
  }
  // Each NVE that is asked waits on it.
  setMaxListeners(0, signal);
  const answers = new Map(
    await Promise.all(
      [...byNve].map(async ([nve, keys]) => [nve, await ask(nve, keys, deps, signal)] as const),
    ),
  );
  return ids.map((id) => {
    const nve = nveOf.get(id) ?? '';
    const answer = answers.get(nve);
    const said = { endpoint: id, nve };
    if (answer === undefined || answer instanceof NfvError) {
      const { code, message: reason } = answer ?? new NfvError('INTERNAL', 'no answer');
      return { ...said, code, reason };
    }
    const found = answer.get(portKey(id));
    if (found === undefined) {
      return { ...said, code: 'NVE_PENDING', reason: 'the port is not there' };
    }
    const { rxPackets, rxBytes, txPackets, txBytes, drops } = found;
    const counters = { rxPackets, rxBytes, txPackets, txBytes, drops };
    return { ...said, counters, code: '', reason: '' };
  });
}

async function ask(
  nve: string,
  keys: readonly string[],
  deps: CountersDeps,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PortCounters> | NfvError> {
  const connected = deps.connected(nve);
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
