/** ReplicaApi as handlers of nfv.v1.NvaReplicaService. */
import { invalidField, NfvError } from '../errors.js';
import { isReplica } from '../model/access-policy.js';
import { identityText } from '../model/identity.js';
import { requireName } from '../model/names.js';
import { MAX_QUERY_KEYS } from '../model/query.js';
import type { ReplicaApi } from '../model/replica.js';
import { MAX_COUNTED } from '../model/trace.js';
import { fromInteger } from './convert/common.js';
import { ownEventToWire } from './convert/own-event.js';
import { shareToWire } from './convert/share.js';
import { countersToWire, hopToWire } from './convert/trace.js';
import type { NvaReplicaServiceHandlers } from './gen/nfv/v1/NvaReplicaService.js';
import type { CallHooks, HandlerFactory } from './handlers.js';

/** Replicas alone may call, and name whom they call for. Each bounds its questions by itself. */
export function replicaHooks(hooks: CallHooks): CallHooks {
  return {
    tracer: hooks.tracer,
    onCallEnd: (end) => {
      hooks.onCallEnd(end);
    },
    callerOf(identity, behalf) {
      const who = identityText(identity);
      const isNamed = behalf !== '' && isReplica(identity);
      return { who: isNamed ? `${who} for ${behalf}` : who, grants: [] };
    },
    refusalOf(identity) {
      if (isReplica(identity)) return undefined;
      const text = `${identityText(identity)} is no replica of the NVA`;
      return new NfvError('ACCESS_DENIED', text);
    },
  };
}

export function replicaHandlers(api: ReplicaApi, make: HandlerFactory): NvaReplicaServiceHandlers {
  return {
    TraceNve: make.unary(async (r, call) => {
      checkCount('passed', r.passed.length, MAX_QUERY_KEYS);
      const nve = requireName('nves', r.nve);
      const passed = r.passed.map(({ what, key }) => ({ what, key }));
      const hops = await api.traceNve({ nve, passed, reportedOnly: r.reported_only }, call);
      return { hops: hops.map(hopToWire) };
    }),
    CountPorts: make.unary(async (r, call) => {
      checkCount('ports', r.ports.length, MAX_COUNTED);
      const ports = r.ports.map(({ endpoint, nve }) => ({
        endpoint: requireName('endpoints', endpoint),
        nve: requireName('nves', nve),
      }));
      return { counters: (await api.countPorts(ports, call)).map(countersToWire) };
    }),
    ReadShare: make.unary(async (r, call) => shareToWire(await api.readShare(r.page_token, call))),
    WatchOwnEvents: make.serverStream(async function* (r, call) {
      const { follow, run } = r;
      const request = { follow, run, after: fromInteger('after', r.after) };
      for await (const each of api.ownEvents(request, call)) yield ownEventToWire(each);
    }),
  };
}

function checkCount(field: string, count: number, most: number): void {
  if (count <= most) return;
  throw invalidField(field, `${count} of them`, 'out of range', `give at most ${most}`);
}
