/** The configuration file of `nfvd nva`: docs/nva.md. */
import { z } from 'zod';
import { absolutePath, duration, logging } from '../model/config.js';
import { DEFAULT_DUPLICATE_LIMITS } from '../model/duplicates.js';
import { MAX_VNI, MIN_VNI } from '../model/virtual-network.js';
import { parseYaml } from '../model/yaml.js';
import { advertiseEntry, listenEntry, metricsListen, otlpUrl } from '../rpc/address-config.js';
import { DEFAULT_LIMITS } from '../rpc/call-limiter.js';
import { DEFAULT_CONNECTIONS } from '../rpc/connection-limiter.js';
import { storeConfigSchema } from './store-config.js';

const vni = z.int().min(MIN_VNI).max(MAX_VNI);

const shape = z.strictObject({
  /** Where the embedded store is. */
  dataDir: absolutePath.default('/var/lib/nfvd/nva'),
  /** The data file may grow to so many bytes. */
  maxStoreBytes: z
    .int()
    .min(64 * 1024 * 1024)
    .default(8 * 1024 * 1024 * 1024),
  store: storeConfigSchema.prefault({}),
  /** Where clients and agents reach it. An address other hosts can reach needs `tls`. */
  listen: z
    .array(listenEntry)
    .min(1)
    .max(16)
    .prefault([{ address: 'unix:/run/nfvd/nva.sock' }]),
  /** What lets the other replicas on the same etcd ask this one, and this one them: docs/operations.md. */
  peer: advertiseEntry.exactOptional(),
  /** VNIs given to networks that ask for none. */
  vniRange: z
    .strictObject({ min: vni, max: vni })
    .refine(({ min, max }) => min <= max, 'min is greater than max; swap them')
    .default({ min: 4096, max: MAX_VNI }),
  /** Revisions of history that stay readable: for watches that resume, and lists by pages. */
  keepRevisions: z.int().min(1000).default(100_000),
  /** The record of who changed what; a change that waits for its confirmation is kept in any case. */
  history: z
    .strictObject({
      maxChanges: z.int().min(100).max(1_000_000).default(10_000),
      maxAge: duration(3_600_000, 10 * 365 * 86_400_000).prefault('8760h'),
    })
    .prefault({}),
  /** When an NVE counts as dead, so that the others stop sending to it: docs/nva.md. */
  liveness: z
    .strictObject({
      withdraw: z.boolean().default(true),
      /** Without a session for so long, its peers look for it. */
      deadAfter: duration(1000, 86_400_000).prefault('30s'),
      probers: z.int().min(1).max(16).default(3),
      /** Nothing is withdrawn while more than this share of the NVEs is without a session, */
      maxLostShare: z.number().min(0).max(1).default(0.2),
      /** and more than so many. */
      minLost: z.int().min(0).max(100_000).default(1),
    })
    .prefault({}),
  /** When an address moves too often to be one machine's (RFC 7432 §15.1, RFC 9161 §3.7). */
  duplicates: z
    .strictObject({
      moves: z.int().min(2).max(100).default(DEFAULT_DUPLICATE_LIMITS.moves),
      window: duration(1000, 3_600_000).prefault('180s'),
      macHold: duration(0, 7 * 86_400_000).prefault('0s'),
      ipHold: duration(0, 7 * 86_400_000).prefault('540s'),
    })
    .prefault({}),
  /** Who may do what, and whose identities count: docs/nva.md. */
  access: z.strictObject({ policyFile: absolutePath }).exactOptional(),
  /** A line for every call of a client, in a file of its own. */
  audit: z.strictObject({ file: absolutePath }).exactOptional(),
  /** Figures for Prometheus; without it there are none. */
  metrics: z
    .strictObject({ listen: metricsListen.prefault([{ address: '127.0.0.1:9471' }]) })
    .exactOptional(),
  /** Spans of every call, for a collector of OpenTelemetry; without it there are none. */
  tracing: z.strictObject({ otlp: otlpUrl }).exactOptional(),
  /** Of each identity in a certificate. */
  limits: z
    .strictObject({
      callsPerSecond: z.int().min(1).max(1_000_000).default(DEFAULT_LIMITS.callsPerSecond),
      burst: z.int().min(1).max(10_000_000).default(DEFAULT_LIMITS.burst),
      concurrent: z.int().min(1).max(100_000).default(DEFAULT_LIMITS.concurrent),
      connections: z.int().min(1).max(100_000).default(DEFAULT_CONNECTIONS),
    })
    .prefault({}),
  log: logging,
});

/** Three of them with `peer` are meant to be three replicas, and not three authorities that know nothing of each other. */
export const nvaConfigSchema = shape.refine(
  ({ peer, store }) => peer === undefined || store.kind === 'etcd',
  {
    error: 'there are no other replicas of an embedded store; add store.kind: etcd, or take it out',
    path: ['peer'],
  },
);

export type NvaConfig = z.infer<typeof nvaConfigSchema>;

/** @throws NfvError CONFIG_INVALID with every fault and its line */
export function parseNvaConfig(text: string, file: string): NvaConfig {
  return parseYaml(text, nvaConfigSchema, { file, code: 'CONFIG_INVALID', maxBytes: 256 * 1024 });
}
