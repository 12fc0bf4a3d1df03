/** Who may do what: roles, and the tenants that they are for. */
import { z } from 'zod';
import type { PortKind } from './endpoint.js';
import { identityText, isUserName, TRUST_DOMAIN, USER_RULE, type Identity } from './identity.js';
import { ID_RULE, isId } from './names.js';
import { parseYaml } from './yaml.js';

/**
 * `admin` and `operator` read and write; only an admin writes NVEs. `tenant` reads and writes what
 * belongs to tenants: networks, subnets, routers, endpoints. `viewer` reads.
 */
export const ROLES = ['admin', 'operator', 'tenant', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** What a role allows, and where. */
export interface Grant {
  readonly role: Role;
  /** Undefined: all, and what belongs to none. */
  readonly tenants: ReadonlySet<string> | undefined;
  /** Kinds of ports that endpoints may be given; undefined: all. */
  readonly ports: ReadonlySet<PortKind> | undefined;
}

/** Somebody who calls the API. */
export interface Caller {
  /** For errors and the audit log. */
  readonly who: string;
  readonly grants: readonly Grant[];
}

/** Ports that nobody but their own guest is behind, whatever a tenant asks for. */
const TENANT_PORTS = ['vhost_user', 'memif', 'tap'] as const satisfies PortKind[];

const PORT_KINDS = [
  'veth',
  'tap',
  'host_interface',
  'vhost_user',
  'memif',
  'vlan',
  'vpp_interface',
] as const satisfies PortKind[];

const binding = z
  .strictObject({
    users: z
      .array(z.string().refine(isUserName, `not a user's name; give ${USER_RULE}`))
      .min(1)
      .max(1000),
    role: z.enum(ROLES),
    tenants: z
      .array(z.string().refine(isId, `not a tenant; give ${ID_RULE}`))
      .min(1)
      .max(1000)
      .exactOptional(),
    ports: z.array(z.enum(PORT_KINDS)).exactOptional(),
  })
  .refine(({ role, tenants }) => role !== 'admin' || tenants === undefined, {
    error: 'an admin is one of all tenants; leave it out',
    path: ['tenants'],
  })
  .refine(({ role, tenants }) => role !== 'tenant' || tenants !== undefined, {
    error: 'missing; a tenant is one of some tenants',
    path: ['tenants'],
  });

/** Kinds whose number may be bounded. */
export const QUOTA_KINDS = ['virtualNetworks', 'subnets', 'routers', 'endpoints'] as const;
export type QuotaKind = (typeof QUOTA_KINDS)[number];

const limit = z.int().min(0).max(10_000_000).exactOptional();
const quota = z.strictObject({
  virtualNetworks: limit,
  subnets: limit,
  routers: limit,
  endpoints: limit,
});

const policySchema = z.strictObject({
  /** The only one whose identities count. */
  trustDomain: z
    .string()
    .regex(TRUST_DOMAIN, 'not a trust domain; give a name such as "nfv.example"')
    .exactOptional(),
  bindings: z.array(binding).max(1000).default([]),
  /** How much tenants may have; left out: as much as they like. */
  quotas: z
    .strictObject({
      /** Of tenants, and kinds, that are not named below. */
      default: quota.exactOptional(),
      tenants: z
        .record(z.string().refine(isId, `not a tenant; give ${ID_RULE}`), quota)
        .exactOptional(),
    })
    .exactOptional(),
});

export type AccessPolicy = z.infer<typeof policySchema>;

/** @throws NfvError CONFIG_INVALID with every fault and its line */
export function parseAccessPolicy(text: string, file: string): AccessPolicy {
  return parseYaml(text, policySchema, { file, code: 'CONFIG_INVALID', maxBytes: 1024 * 1024 });
}

/** How many a tenant may have; undefined: as many as it likes. */
export function limitOf(
  quotas: AccessPolicy['quotas'],
  tenant: string,
  kind: QuotaKind,
): number | undefined {
  return quotas?.tenants?.[tenant]?.[kind] ?? quotas?.default?.[kind];
}

const ALL: Grant = { role: 'admin', tenants: undefined, ports: undefined };

/**
 * What somebody may do. Who is on this host is let in by the socket's mode. Without a policy, every
 * certificate of the CA is as good as another, but an NVE's is for its session only, and an NVA's for what
 * replicas ask each other.
 */
export function grantsOf(policy: AccessPolicy | undefined, identity: Identity): readonly Grant[] {
  switch (identity.kind) {
    case 'local':
      return [ALL];
    case 'nva':
    case 'nve':
    case 'revoked':
    case 'gone':
      return [];
    case 'unnamed':
      return policy === undefined ? [ALL] : [];
    case 'user':
      return policy === undefined ? [ALL] : userGrants(policy, identity.name);
  }
}

function userGrants({ bindings }: AccessPolicy, user: string): Grant[] {
  return bindings
    .filter(({ users }) => users.includes(user))
    .map(({ role, tenants, ports = role === 'tenant' ? TENANT_PORTS : undefined }) => ({
      role,
      tenants: tenants && new Set(tenants),
      ports: ports && new Set(ports),
    }));
}

export function callerOf(policy: AccessPolicy | undefined, identity: Identity): Caller {
  return { who: identityText(identity), grants: grantsOf(policy, identity) };
}

/**
 * Whether somebody may ask as another replica of the NVA, which has looked at its caller's rights: an NVA, by
 * its certificate, whatever else a certificate of the CA may do.
 */
export function isReplica({ kind }: Identity): boolean {
  return kind === 'nva' || kind === 'local';
}

/** Whether somebody may be this NVE's agent: an NVE speaks for itself alone. */
export function maySpeakFor(
  policy: AccessPolicy | undefined,
  identity: Identity,
  nve: string,
): boolean {
  switch (identity.kind) {
    case 'local':
      return true;
    case 'nve':
      return identity.id === nve;
    case 'unnamed':
      return policy === undefined;
    case 'nva':
    case 'user':
    case 'revoked':
    case 'gone':
      return false;
  }
}
