import { formatName, requireName } from '../../model/names.js';
import {
  HOP_STATES,
  type EndpointCounters,
  type Hop,
  type TraceResult,
} from '../../model/trace.js';
import type {
  EndpointCounters as WireCounters,
  EndpointCounters__Output,
} from '../gen/nfv/v1/EndpointCounters.js';
import type { TraceResponse, TraceResponse__Output } from '../gen/nfv/v1/TraceResponse.js';
import type {
  _nfv_v1_TraceResponse_Hop as WireHop,
  _nfv_v1_TraceResponse_Hop__Output as WireHopOut,
} from '../gen/nfv/v1/TraceResponse.js';
import { EnumTable, fromInteger } from './common.js';

const STATES = new EnumTable(HOP_STATES, {
  OK: 'STATE_OK',
  BROKEN: 'STATE_BROKEN',
  UNKNOWN: 'STATE_UNKNOWN',
} as const);

export function traceToWire({ state, hops }: TraceResult): TraceResponse {
  return { state: STATES.toWire(state), hops: hops.map(hopToWire) };
}

export function traceFromWire({ state, hops }: TraceResponse__Output): TraceResult {
  return { state: STATES.fromWire('state', state), hops: hops.map(hopFromWire) };
}

export function hopToWire({ nve, state, ...rest }: Hop): WireHop {
  return { ...rest, nve: nve === '' ? '' : formatName('nves', nve), state: STATES.toWire(state) };
}

export function hopFromWire({ nve, what, key, state, code, reason }: WireHopOut): Hop {
  const id = nve === '' ? '' : requireName('nves', nve);
  return { nve: id, what, key, state: STATES.fromWire('state', state), code, reason };
}

export function countersToWire({
  endpoint,
  nve,
  counters: c,
  code,
  reason,
}: EndpointCounters): WireCounters {
  return {
    endpoint: formatName('endpoints', endpoint),
    nve: formatName('nves', nve),
    ...(c === undefined
      ? {}
      : {
          rx_packets: c.rxPackets,
          rx_bytes: c.rxBytes,
          tx_packets: c.txPackets,
          tx_bytes: c.txBytes,
          drops: c.drops,
        }),
    code,
    reason,
  };
}

export function countersFromWire(wire: EndpointCounters__Output): EndpointCounters {
  const { code, reason } = wire;
  const said = {
    endpoint: requireName('endpoints', wire.endpoint),
    nve: requireName('nves', wire.nve),
    code,
    reason,
  };
  if (code !== '') return said;
  return {
    ...said,
    counters: {
      rxPackets: fromInteger('rx_packets', wire.rx_packets),
      rxBytes: fromInteger('rx_bytes', wire.rx_bytes),
      txPackets: fromInteger('tx_packets', wire.tx_packets),
      txBytes: fromInteger('tx_bytes', wire.tx_bytes),
      drops: fromInteger('drops', wire.drops),
    },
  };
}
