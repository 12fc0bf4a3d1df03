/** The configuration file of `nfvd nve`: docs/nve.md. */
import { z } from 'zod';
import { absolutePath, duration, logging } from '../model/config.js';
import { ID_RULE, isId } from '../model/names.js';
import { parseYaml } from '../model/yaml.js';
import { listenEntry, metricsListen, otlpUrl, peerEntry } from '../rpc/address-config.js';
import { providerConfigs } from './provider-config.js';
import { idleUplinks } from './uplink-config.js';
import { vppConfigSchema } from './vpp-config.js';

const schema = z.strictObject({
  /** Its id with the NVA. */
  name: z.string().refine(isId, `not an id; give ${ID_RULE}`),
  /** Where its last good configuration is. */
  stateDir: absolutePath.default('/var/lib/nfvd/nve'),
  /** The NVA's replicas, in order of priority. */
  nva: z
    .array(peerEntry)
    .min(1)
    .max(16)
    .prefault([{ address: 'unix:/run/nfvd/nva.sock' }]),
  /** With another replica than the first, how long until it looks whether an earlier one is there; 0: never. */
  returnAfter: duration(0, 86_400_000).prefault('60s'),
  /** Where its own health can be asked. */
  listen: z
    .array(listenEntry)
    .max(16)
    .prefault([{ address: 'unix:/run/nfvd/nve.sock' }]),
  /** `auto`: VPP if its API socket is there when the agent starts. */
  dataplane: z.enum(['linux', 'vpp', 'auto']).default('linux'),
  vpp: vppConfigSchema,
  /** Interfaces to physical networks, and what provider networks call them. */
  providers: providerConfigs,
  host: z
    .strictObject({
      /** Nothing is programmed before `nfvctl host` has prepared this host. */
      required: z.boolean().default(false),
      stateDir: absolutePath.default('/var/lib/nfvd/host'),
      /** Whose profile is right: the one that is given on the host, or the NVA's. */
      profileFrom: z.enum(['local', 'nva']).default('local'),
      /** Whether the agent applies the NVA's itself; what the plan guards is left to people. */
      apply: z.enum(['manual', 'auto']).default('manual'),
    })
    .refine(({ profileFrom, apply }) => profileFrom === 'nva' || apply === 'manual', {
      path: ['apply'],
      error: 'the agent applies no local profile; give "manual", or profileFrom: nva',
    })
    .prefault({}),
  drift: z
    .strictObject({
      /** Between checks of everything. */
      interval: duration(1000, 86_400_000).prefault('30s'),
      policy: z.enum(['repair', 'report']).default('repair'),
    })
    .prefault({}),
  /** Figures for Prometheus; without it there are none. */
  metrics: z
    .strictObject({ listen: metricsListen.prefault([{ address: '127.0.0.1:9472' }]) })
    .exactOptional(),
  /** Spans of every call, for a collector of OpenTelemetry; without it there are none. */
  tracing: z.strictObject({ otlp: otlpUrl }).exactOptional(),
  log: logging,
});

export const nveConfigSchema = schema
  .superRefine(({ vpp, providers }, context) => {
    const names = providers.map((each) => each.interface);
    for (const [path, message] of idleUplinks(vpp.uplinks, names)) {
      context.addIssue({
        code: 'custom',
        path: ['vpp', 'uplinks', ...path],
        message,
        input: undefined,
      });
    }
  })
  .refine(
    ({ host, dataplane }) => !host.required || host.profileFrom === 'local' || dataplane !== 'auto',
    {
      path: ['dataplane'],
      error:
        'which it is cannot be seen before the host is prepared; with host.required and host.profileFrom: nva give "linux" or "vpp"',
    },
  );

export type NveConfig = z.infer<typeof nveConfigSchema>;

/** @throws NfvError CONFIG_INVALID with every fault and its line */
export function parseNveConfig(text: string, file: string): NveConfig {
  return parseYaml(text, nveConfigSchema, { file, code: 'CONFIG_INVALID', maxBytes: 256 * 1024 });
}
