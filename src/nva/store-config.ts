/** Where the NVA's store is: in its own directory, or in etcd. */
import { z } from 'zod';
import { absolutePath } from '../model/config.js';
import { address } from '../rpc/address-config.js';
import { isLocal } from '../rpc/address.js';

const noFile = z.literal('');

const tls = z
  .strictObject({
    ca: absolutePath,
    /** Both or none: etcd may ask for a certificate. */
    cert: absolutePath.or(noFile).default(''),
    key: absolutePath.or(noFile).default(''),
  })
  .refine(({ cert, key }) => (cert === '') === (key === ''), {
    error: 'cert and key belong together; give both or none',
    path: ['cert'],
  });

const user = z.strictObject({
  name: z.string().min(1, 'empty; give the name of a user of etcd'),
  /** In a file, so that it is neither here nor in a log. */
  passwordFile: absolutePath,
});

export const storeConfigSchema = z
  .strictObject({
    kind: z.enum(['embedded', 'etcd']).default('embedded'),
    /** Members of etcd; the first that answers is used. */
    endpoints: z.array(address).max(16).prefault([]),
    /** All of the NVA's keys in etcd begin with it. */
    prefix: z
      .string()
      .regex(/^[\x21-\x7e]{1,128}$/, 'not a prefix; give 1-128 printable characters')
      .default('/nfvd/'),
    /** As etcd's `--max-txn-ops`. */
    maxTxnOps: z.int().min(128).max(100_000).default(128),
    tls: tls.exactOptional(),
    user: user.exactOptional(),
  })
  .refine(({ kind, endpoints }) => kind !== 'etcd' || endpoints.length > 0, {
    error: 'none; give at least one member of etcd, HOST:PORT',
    path: ['endpoints'],
  })
  .refine(({ kind, endpoints }) => kind === 'etcd' || endpoints.length === 0, {
    error: 'the store is embedded; add kind: etcd, or take them out',
    path: ['endpoints'],
  })
  .refine((store) => store.tls !== undefined || store.endpoints.every(isLocal), {
    error: 'one is on another host; add tls',
    path: ['endpoints'],
  });

export type StoreConfig = z.infer<typeof storeConfigSchema>;
