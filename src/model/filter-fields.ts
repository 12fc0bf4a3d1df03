/** What of each resource a filter can name: the fields of proto/nfv/v1. */
import type { Resource } from './api.js';
import type { DataplaneStatus } from './dataplane-status.js';
import type { Endpoint, Migration } from './endpoint.js';
import type { HostProfileResource } from './host-profile.js';
import { profileHash, type HostStatus } from './host/offer.js';
import type { FieldRecord } from './filter.js';
import { formatName } from './names.js';
import type { Nve } from './nve.js';
import { portFields } from './port-fields.js';
import type { Meta } from './resource.js';
import type { Router } from './router.js';
import type { Subnet } from './subnet.js';
import type { VirtualNetwork } from './virtual-network.js';

/** The fields of a resource under the names of proto/nfv/v1, for `matches`. */
export function fieldsOf(resource: Resource): FieldRecord {
  switch (resource.kind) {
    case 'VirtualNetwork':
      return networkFields(resource);
    case 'Nve':
      return nveFields(resource);
    case 'Endpoint':
      return endpointFields(resource);
    case 'Subnet':
      return subnetFields(resource);
    case 'Router':
      return routerFields(resource);
    case 'HostProfile':
      return hostProfileFields(resource);
  }
}

function metaFields(meta: Meta): FieldRecord {
  return {
    etag: meta.etag,
    revision: meta.revision,
    create_time: meta.createTime,
    update_time: meta.updateTime,
  };
}

function networkFields({ id, spec, effectiveMtu, duplicates, meta }: VirtualNetwork): FieldRecord {
  return {
    name: formatName('virtualNetworks', id),
    display_name: spec.displayName,
    tenant: spec.tenant,
    vni: spec.vni,
    encapsulation: `ENCAPSULATION_${spec.encapsulation}`,
    mtu: spec.mtu,
    bum_mode: `BUM_MODE_${spec.bumMode}`,
    bum_group: spec.bumGroup,
    learning: spec.learning,
    arp_suppression: spec.arpSuppression,
    prefixes: spec.prefixes,
    underlay_family: `UNDERLAY_FAMILY_${spec.underlayFamily}`,
    drift_policy: `DRIFT_POLICY_${spec.driftPolicy === 'DEFAULT' ? 'UNSPECIFIED' : spec.driftPolicy}`,
    labels: spec.labels,
    ...(spec.provider && { provider: { ...spec.provider } }),
    effective_mtu: effectiveMtu,
    duplicates: duplicates.map((d) => ({ ...d, kind: `KIND_${d.kind}` })),
    ...metaFields(meta),
  };
}

function nveFields({ id, spec, status, meta }: Nve): FieldRecord {
  const { capabilities: c, dataplane, host } = status;
  return {
    name: formatName('nves', id),
    display_name: spec.displayName,
    vtep_addresses: spec.vtepAddresses,
    labels: spec.labels,
    node_uuid: spec.nodeUuid,
    state: `STATE_${status.state}`,
    reason_code: status.reasonCode,
    reason: status.reason,
    ...(c === undefined
      ? {}
      : {
          capabilities: {
            dataplane: c.dataplane,
            dataplane_version: c.dataplaneVersion,
            item_kinds: c.itemKinds,
            encapsulations: c.encapsulations,
            port_kinds: c.portKinds,
            bum_modes: c.bumModes,
            provider_uplinks: (c.providers ?? []).map((each) => ({ ...each })),
            sees_addresses: c.seesAddresses === true,
          },
        }),
    underlays: status.underlays.map((u) => ({ ...u })),
    agent_version: status.agentVersion,
    last_seen_time: status.lastSeenTime,
    item_counts: { ...status.itemCounts },
    applied_revision: status.appliedRevision,
    failures: status.failures.map((f) => ({ ...f })),
    drifts: status.drifts.map((d) => ({ ...d, action: `ACTION_${d.action}` })),
    drift_count: status.driftCount,
    drifted_count: status.driftedCount,
    ...(dataplane === undefined ? {} : { dataplane: dataplaneFields(dataplane) }),
    ...(host === undefined ? {} : { host: hostFields(host) }),
    ...metaFields(meta),
  };
}

function dataplaneFields(status: DataplaneStatus): FieldRecord {
  return {
    session: `SESSION_${status.session}`,
    since: status.since,
    reason_code: status.reasonCode,
    reason: status.reason,
    restarts: status.restarts,
    boot: status.boot,
    features: status.features.map(({ name, state, problems }) => ({
      name,
      state: `STATE_${state}`,
      problems,
    })),
    plugins: status.plugins.map((plugin) => ({ ...plugin })),
  };
}

function hostFields(status: HostStatus): FieldRecord {
  return {
    profile: status.profile,
    wanted_hash: status.wantedHash,
    applied_profile: status.appliedProfile,
    applied_hash: status.appliedHash,
    phase: `PHASE_${status.phase}`,
    reason_code: status.reasonCode,
    reason: status.reason,
  };
}

function hostProfileFields({ id, spec, status, meta }: HostProfileResource): FieldRecord {
  return {
    name: formatName('hostProfiles', id),
    display_name: spec.displayName,
    profile: spec.profile,
    nves: spec.nves.map((nve) => formatName('nves', nve)),
    nve_labels: spec.nveLabels,
    labels: spec.labels,
    profile_hash: profileHash(spec.profile),
    selected_count: status.selected,
    applied_count: status.applied,
    targets: status.targets.map(({ nve, phase, reasonCode, reason }) => ({
      nve: formatName('nves', nve),
      phase: `PHASE_${phase}`,
      reason_code: reasonCode,
      reason,
    })),
    ...metaFields(meta),
  };
}

function endpointFields({ id, spec, status, meta }: Endpoint): FieldRecord {
  return {
    name: formatName('endpoints', id),
    display_name: spec.displayName,
    network: formatName('virtualNetworks', spec.network),
    nve: formatName('nves', spec.nve),
    port: portFields(spec.port),
    mac: spec.mac,
    ips: spec.ips,
    subnets: spec.subnets.map((subnet) => formatName('subnets', subnet)),
    ...listed('allowed_addresses', spec.allowedAddresses),
    admin_state: `ADMIN_STATE_${spec.adminState}`,
    labels: spec.labels,
    state: `STATE_${status.state}`,
    reason_code: status.reasonCode,
    reason: status.reason,
    attachments: status.attachments.map(({ nve, state, cause, migrationId }) => ({
      nve: formatName('nves', nve),
      state: `STATE_${state}`,
      cause: `CAUSE_${cause}`,
      migration_id: migrationId,
    })),
    ...listed('held_addresses', status.held),
    ...(status.migration === undefined ? {} : { migration: migrationFields(status.migration) }),
    ...metaFields(meta),
  };
}

/** Absent where there is none. */
function listed(name: string, list: readonly object[]): FieldRecord {
  return list.length === 0 ? {} : { [name]: list.map((each) => ({ ...each })) };
}

function migrationFields({ id, source, target, phase, ...more }: Migration): FieldRecord {
  return {
    id,
    source: formatName('nves', source),
    target: formatName('nves', target),
    phase: `PHASE_${phase}`,
    reason_code: more.reasonCode,
    reason: more.reason,
  };
}

function subnetFields({ id, spec, meta }: Subnet): FieldRecord {
  return {
    name: formatName('subnets', id),
    display_name: spec.displayName,
    network: formatName('virtualNetworks', spec.network),
    prefix: spec.prefix,
    gateway: spec.gateway,
    pools: spec.pools.map((pool) => ({ ...pool })),
    labels: spec.labels,
    ...metaFields(meta),
  };
}

function routerFields({ id, spec, meta }: Router): FieldRecord {
  return {
    name: formatName('routers', id),
    display_name: spec.displayName,
    tenant: spec.tenant,
    vrf_id: spec.vrfId,
    gateway_mac: spec.gatewayMac,
    subnets: spec.subnets.map((subnet) => formatName('subnets', subnet)),
    routes: spec.routes.map(({ prefix, nextHops, drop }) => ({
      prefix,
      next_hops: nextHops.map((hop) => ({ ...hop })),
      drop,
    })),
    exits: spec.exits.map(({ subnet, gateways }) => ({
      subnet: formatName('subnets', subnet),
      gateways: gateways.map(({ nve, address }) => ({ nve: formatName('nves', nve), address })),
    })),
    transit_vni: spec.transitVni,
    labels: spec.labels,
    ...metaFields(meta),
  };
}
