import { clip, NfvError } from '../../errors.js';
import type { ToldSighting } from '../../model/allowed-address.js';
import { parseIp, parseMac } from '../../model/addresses.js';
import { MAX_PROFILE_BYTES, type OfferedProfile } from '../../model/host/offer.js';
import { formatTraceparent, parseTraceparent, type TraceContext } from '../../model/origin.js';
import { MAX_TRACES } from '../../model/tracing.js';
import { isId } from '../../model/names.js';
import {
  MAX_DRIFTS,
  type AddressSightings,
  type BadDelta,
  type DataplaneReport,
  type Delta,
  type FromNva,
  type FromNve,
  type HeldItems,
  type Hello,
  type HostReport,
  type ItemReport,
  type ItemReports,
  type ReceivedFromNva,
} from '../../model/southbound.js';
import type {
  AddressSightings__Output,
  _nfv_v1_AddressSightings_Entry as WireSighting,
} from '../gen/nfv/v1/AddressSightings.js';
import type { ConnectRequest, ConnectRequest__Output } from '../gen/nfv/v1/ConnectRequest.js';
import type { ConnectResponse, ConnectResponse__Output } from '../gen/nfv/v1/ConnectResponse.js';
import type { DataplaneReport__Output } from '../gen/nfv/v1/DataplaneReport.js';
import type { Delta__Output } from '../gen/nfv/v1/Delta.js';
import type { _nfv_v1_HeldItems_Entry__Output as WireHeld } from '../gen/nfv/v1/HeldItems.js';
import type { Hello as WireHello, Hello__Output } from '../gen/nfv/v1/Hello.js';
import type { HostOffer__Output } from '../gen/nfv/v1/HostOffer.js';
import type { HostReport__Output } from '../gen/nfv/v1/HostReport.js';
import type { ItemReports__Output } from '../gen/nfv/v1/ItemReports.js';
import type {
  _nfv_v1_ItemReports_Entry as WireEntry,
  _nfv_v1_ItemReports_Entry__Output as WireEntryOut,
} from '../gen/nfv/v1/ItemReports.js';
import { fromInteger } from './common.js';
import { dataplaneStatusFromWire, dataplaneStatusToWire } from './dataplane-status.js';
import { hostStatusFromWire, hostStatusToWire } from './host-status.js';
import { itemFromWire, itemToWire } from './item.js';
import {
  bounded,
  checkCapabilities,
  checkUnderlay,
  errorFromWire,
  keyFromWire,
  nameFromWire,
  reportedVersionFromWire,
  clippedText,
  versionFromWire,
} from './limits.js';
import { queryFromWire, queryReplyFromWire, queryReplyToWire, queryToWire } from './query.js';
import {
  capabilitiesFromWire,
  capabilitiesToWire,
  driftFromWire,
  driftToWire,
  underlayFromWire,
  underlayToWire,
} from './nve.js';

/** Characters that are told of what should have been a name. */
const MAX_NAME = 80;

/** @throws NfvError PROTOCOL_VIOLATION, or that of a field. */
export function fromNveFromWire(wire: ConnectRequest__Output): FromNve {
  if (wire.hello) return helloFromWire(wire.hello);
  if (wire.held_items) {
    const { entries, last } = wire.held_items;
    return { kind: 'held_items', entries: bounded('held_items', entries).map(heldFromWire), last };
  }
  if (wire.delta_reply) {
    const { sequence, error_code: code, error_message: message } = wire.delta_reply;
    return {
      kind: 'delta_reply',
      sequence: fromInteger('sequence', sequence),
      ...(code === '' ? {} : { error: errorFromWire(code, message) }),
    };
  }
  if (wire.item_reports) return reportsFromWire(wire.item_reports);
  if (wire.drift_reports) {
    return {
      kind: 'drift_reports',
      drifts: bounded('drift_reports', wire.drift_reports.drifts, MAX_DRIFTS)
        .map(driftFromWire)
        .map(({ key, difference, ...drift }) => ({
          ...{ ...drift, key: keyFromWire('drift_reports', key) },
          difference: clippedText(difference),
        })),
      total: fromInteger('total', wire.drift_reports.total),
      leftAlone: wire.drift_reports.left_alone,
    };
  }
  if (wire.underlay_report) {
    const { underlays } = wire.underlay_report;
    return {
      kind: 'underlay_report',
      underlays: bounded('underlay_report', underlays).map(underlayFromWire).map(checkUnderlay),
    };
  }
  if (wire.address_sightings) return sightingsFromWire(wire.address_sightings);
  if (wire.query_reply) return queryReplyFromWire(wire.query_reply);
  if (wire.dataplane_report) return dataplaneReportFromWire(wire.dataplane_report);
  if (wire.host_report) return hostReportFromWire(wire.host_report);
  throw new NfvError('PROTOCOL_VIOLATION', 'the NVE sent an empty or unknown message');
}

/** What they name need not be there; what is no address, or no MAC, cannot have been seen. */
function sightingsFromWire({ entries }: AddressSightings__Output): AddressSightings {
  const sightings = bounded('address_sightings', entries).map(
    ({ endpoint, ip, mac, age_ms: ageMs }) => {
      if (isId(endpoint) && parseIp(ip)?.text === ip && parseMac(mac) === mac) {
        return { endpoint, ip, mac, ageMs };
      }
      const what = JSON.stringify([endpoint, ip, mac].map((text) => clip(text, MAX_NAME)));
      throw new NfvError('PROTOCOL_VIOLATION', `a sighting of no address at an endpoint: ${what}`);
    },
  );
  return { kind: 'address_sightings', sightings };
}

function dataplaneReportFromWire({
  status,
  capabilities,
}: DataplaneReport__Output): DataplaneReport {
  if (status === null || capabilities === null) {
    throw new NfvError('PROTOCOL_VIOLATION', 'a dataplane report without status or capabilities');
  }
  return {
    kind: 'dataplane_report',
    status: dataplaneStatusFromWire(status),
    capabilities: checkCapabilities(capabilitiesFromWire(capabilities)),
  };
}

function hostReportFromWire({ status }: HostReport__Output): HostReport {
  if (status === null) throw new NfvError('PROTOCOL_VIOLATION', 'a host report without status');
  return { kind: 'host_report', status: hostStatusFromWire(status) };
}

function helloFromWire(wire: Hello__Output): Hello {
  if (wire.capabilities === null) {
    throw new NfvError('PROTOCOL_VIOLATION', 'hello without capabilities');
  }
  return {
    kind: 'hello',
    protocolVersions: bounded('protocol_versions', wire.protocol_versions),
    nve: nameFromWire('nve', wire.nve),
    nodeUuid: nameFromWire('node_uuid', wire.node_uuid),
    agentVersion: nameFromWire('agent_version', wire.agent_version),
    capabilities: checkCapabilities(capabilitiesFromWire(wire.capabilities)),
    underlays: bounded('underlays', wire.underlays).map(underlayFromWire).map(checkUnderlay),
    epoch: {
      storeId: nameFromWire('store_id', wire.store_id),
      number: fromInteger('epoch', wire.epoch),
    },
    revision: fromInteger('revision', wire.revision),
    digest: nameFromWire('digest', wire.digest),
    itemCount: wire.item_count,
    takesHostOffers: wire.takes_host_offers,
    probesUnderlay: wire.probes_underlay,
  };
}

function reportsFromWire(wire: ItemReports__Output): ItemReports {
  return {
    kind: 'item_reports',
    epoch: fromInteger('epoch', wire.epoch),
    entries: bounded('item_reports', wire.entries).map(reportFromWire),
    settledRevision: fromInteger('settled_revision', wire.settled_revision),
  };
}

function heldFromWire({ key, version }: WireHeld): HeldItems['entries'][number] {
  return {
    key: keyFromWire('held_items', key),
    version: versionFromWire('held_items', version),
  };
}

function reportFromWire(wire: WireEntryOut): ItemReport {
  const { outcome } = wire;
  const key = keyFromWire('item_reports', wire.key);
  const version = reportedVersionFromWire('item_reports', wire.version);
  if (outcome === 'OUTCOME_APPLIED') return { key, version };
  if (outcome === 'OUTCOME_FAILED') {
    return { key, version, failure: errorFromWire(wire.error_code, wire.error_message) };
  }
  throw new NfvError('PROTOCOL_VIOLATION', `a report on ${key} without an outcome`);
}

export function fromNveToWire(message: FromNve): ConnectRequest {
  switch (message.kind) {
    case 'hello':
      return { hello: helloToWire(message) };
    case 'held_items':
      return { held_items: { entries: [...message.entries], last: message.last } };
    case 'delta_reply':
      return {
        delta_reply: {
          sequence: message.sequence,
          error_code: message.error?.code ?? '',
          error_message: clippedText(message.error?.message ?? ''),
        },
      };
    case 'item_reports':
      return {
        item_reports: {
          epoch: message.epoch,
          entries: message.entries.map(reportToWire),
          settled_revision: message.settledRevision,
        },
      };
    case 'drift_reports':
      return {
        drift_reports: {
          drifts: message.drifts.map(driftToWire),
          total: message.total,
          left_alone: message.leftAlone,
        },
      };
    case 'underlay_report':
      return { underlay_report: { underlays: message.underlays.map(underlayToWire) } };
    case 'address_sightings':
      return { address_sightings: { entries: message.sightings.map(sightingToWire) } };
    case 'query_reply':
      return { query_reply: queryReplyToWire(message) };
    case 'dataplane_report':
      return {
        dataplane_report: {
          status: dataplaneStatusToWire(message.status),
          capabilities: capabilitiesToWire(message.capabilities),
        },
      };
    case 'host_report':
      return { host_report: { status: hostStatusToWire(message.status) } };
  }
}

function sightingToWire({ ageMs, ...seen }: ToldSighting): WireSighting {
  return { ...seen, age_ms: ageMs };
}

function helloToWire(hello: Hello): WireHello {
  return {
    protocol_versions: [...hello.protocolVersions],
    nve: hello.nve,
    node_uuid: hello.nodeUuid,
    agent_version: hello.agentVersion,
    capabilities: capabilitiesToWire(hello.capabilities),
    underlays: hello.underlays.map(underlayToWire),
    store_id: hello.epoch.storeId,
    epoch: hello.epoch.number,
    revision: hello.revision,
    digest: hello.digest,
    item_count: hello.itemCount,
    takes_host_offers: hello.takesHostOffers,
    probes_underlay: hello.probesUnderlay,
  };
}

function reportToWire(report: ItemReport): WireEntry {
  return {
    key: report.key,
    version: report.version,
    outcome: report.failure === undefined ? 'OUTCOME_APPLIED' : 'OUTCOME_FAILED',
    error_code: report.failure?.code ?? '',
    error_message: report.failure?.message ?? '',
  };
}

/** @throws NfvError PROTOCOL_VIOLATION, or that of a field. */
export function fromNvaFromWire(wire: ConnectResponse__Output): ReceivedFromNva {
  if (wire.welcome) {
    const w = wire.welcome;
    return {
      kind: 'welcome',
      protocolVersion: w.protocol_version,
      epoch: { storeId: w.store_id, number: fromInteger('epoch', w.epoch) },
      revision: fromInteger('revision', w.revision),
      sendHeldItems: w.send_held_items,
      maxInFlight: w.max_in_flight,
    };
  }
  if (wire.delta) return deltaFromWire(wire.delta);
  if (wire.query) return queryFromWire(wire.query);
  if (wire.host_offer) return { kind: 'host_offer', offer: offerFromWire(wire.host_offer) };
  throw new NfvError('PROTOCOL_VIOLATION', 'the NVA sent an empty or unknown message');
}

/** @throws NfvError PROTOCOL_VIOLATION */
function offerFromWire({ profile, text }: HostOffer__Output): OfferedProfile {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_PROFILE_BYTES || (profile !== '' && !isId(profile))) {
    throw new NfvError('PROTOCOL_VIOLATION', `a host profile "${profile}" of ${bytes} bytes`);
  }
  return { profile, text };
}

function deltaFromWire(wire: Delta__Output): Delta | BadDelta {
  const sequence = fromInteger('sequence', wire.sequence);
  try {
    return {
      kind: 'delta',
      sequence,
      epoch: fromInteger('epoch', wire.epoch),
      revision: fromInteger('revision', wire.revision),
      upserts: bounded('upserts', wire.upserts).map(itemFromWire),
      removes: bounded('removes', wire.removes).map((key) => keyFromWire('removes', key)),
      complete: wire.complete,
      ...tracesFromWire(wire.traceparents),
    };
  } catch (error) {
    return {
      kind: 'bad_delta',
      sequence,
      complete: wire.complete,
      error: NfvError.from(error),
    };
  }
}

export function fromNvaToWire(message: FromNva): ConnectResponse {
  switch (message.kind) {
    case 'query':
      return { query: queryToWire(message) };
    case 'host_offer':
      return { host_offer: message.offer };
    case 'welcome':
      return {
        welcome: {
          protocol_version: message.protocolVersion,
          store_id: message.epoch.storeId,
          epoch: message.epoch.number,
          revision: message.revision,
          send_held_items: message.sendHeldItems,
          max_in_flight: message.maxInFlight,
        },
      };
    case 'delta':
      return {
        delta: {
          sequence: message.sequence,
          epoch: message.epoch,
          revision: message.revision,
          upserts: message.upserts.map(itemToWire),
          removes: [...message.removes],
          complete: message.complete,
          traceparents: (message.traces ?? []).map(formatTraceparent),
        },
      };
  }
}

/** Nothing depends on them: what is none is left out. */
function tracesFromWire(texts: readonly string[]): { readonly traces?: readonly TraceContext[] } {
  const traces = texts.slice(-MAX_TRACES).map(parseTraceparent);
  const known = traces.filter((trace) => trace !== undefined);
  return known.length === 0 ? {} : { traces: known };
}
