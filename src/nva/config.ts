/** The configuration file of `nfvd nva`: docs/nva.md. */
import { z } from 'zod';
import { logging, tlsFiles } from '../model/config.js';
import { MAX_VNI, MIN_VNI } from '../model/virtual-network.js';
import { parseYaml } from '../model/yaml.js';

const vni = z.int().min(MIN_VNI).max(MAX_VNI);

const schema = z.strictObject({
  /** Where the store is. */
  dataDir: z.string().min(1).default('/var/lib/nfvd/nva'),
  /** The data file may grow to so many bytes. */
  maxStoreBytes: z
    .int()
    .min(64 * 1024 * 1024)
    .default(8 * 1024 * 1024 * 1024),
  /** Where clients and agents reach it. An address other hosts can reach needs `tls`. */
  listen: z
    .array(z.strictObject({ address: z.string(), tls: tlsFiles.exactOptional() }))
    .min(1)
    .max(16)
    .default([{ address: 'unix:/run/nfvd/nva.sock' }]),
  /** VNIs given to networks that ask for none. */
  vniRange: z
    .strictObject({ min: vni, max: vni })
    .refine(({ min, max }) => min <= max, 'min is greater than max')
    .default({ min: 4096, max: MAX_VNI }),
  /** Revisions of history that stay readable: for watches that resume, and lists by pages. */
  keepRevisions: z.int().min(1000).default(100_000),
  log: logging,
});

export type NvaConfig = z.infer<typeof schema>;

/** @throws NfvError CONFIG_INVALID with every fault and its line */
export function parseNvaConfig(text: string, file: string): NvaConfig {
  return parseYaml(text, schema, { file, code: 'CONFIG_INVALID', maxBytes: 256 * 1024 });
}
