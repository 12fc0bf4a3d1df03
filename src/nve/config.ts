/** The configuration file of `nfvd nve`: docs/nve.md. */
import { z } from 'zod';
import { duration, logging, tlsFiles } from '../model/config.js';
import { ID_RULE, isId } from '../model/names.js';
import { parseYaml } from '../model/yaml.js';

const peer = z.strictObject({ address: z.string(), tls: tlsFiles.exactOptional() });

const schema = z.strictObject({
  /** Its id with the NVA. */
  name: z.string().refine(isId, `not an id: give ${ID_RULE}`),
  /** Where its last good configuration is. */
  stateDir: z.string().min(1).default('/var/lib/nfvd/nve'),
  /** The NVA's replicas, in order of priority. */
  nva: z
    .array(peer)
    .min(1)
    .max(16)
    .default([{ address: 'unix:/run/nfvd/nva.sock' }]),
  /** Where its own health can be asked. */
  listen: z
    .array(peer)
    .max(16)
    .default([{ address: 'unix:/run/nfvd/nve.sock' }]),
  dataplane: z.enum(['linux']).default('linux'),
  drift: z
    .strictObject({
      /** Between checks of everything. */
      interval: duration(1000, 86_400_000).default(30_000),
      policy: z.enum(['repair', 'report']).default('repair'),
    })
    .prefault({}),
  log: logging,
});

export type NveConfig = z.infer<typeof schema>;

/** @throws NfvError CONFIG_INVALID with every fault and its line */
export function parseNveConfig(text: string, file: string): NveConfig {
  return parseYaml(text, schema, { file, code: 'CONFIG_INVALID', maxBytes: 256 * 1024 });
}
