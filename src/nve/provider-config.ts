/** What the configuration file says of the host's interfaces to physical networks. */
import { z } from 'zod';
import { ID_RULE, isId } from '../model/names.js';

/** Of the kernel, or of VPP, which keeps 63 bytes of a name. */
const INTERFACE = /^[^\s"'#\\]{1,63}$/;
const MAX_PROVIDERS = 64;

const provider = z.strictObject({
  /** What a network's `provider.uplink` calls it; the same on each host that has a way there. */
  name: z.string().refine(isId, `not an id; give ${ID_RULE}`),
  /** With `dataplane: linux` the kernel's name of it, else VPP's. */
  interface: z.string().regex(INTERFACE, 'not an interface name'),
});

export const providerConfigs = z
  .array(provider)
  .max(MAX_PROVIDERS)
  .superRefine((all, context) => {
    for (const field of ['name', 'interface'] as const) {
      const values = all.map((each) => each[field]);
      for (const [i, value] of values.entries()) {
        const first = values.indexOf(value);
        if (first === i) continue;
        const message = `the same ${field} as providers[${first}]; give each once`;
        context.addIssue({ code: 'custom', path: [i, field], message, input: undefined });
      }
    }
  })
  .prefault([]);

export type ProviderConfig = z.infer<typeof provider>;
