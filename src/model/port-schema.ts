/** A port in JSON, as the NVA and the agents store it. */
import { z } from 'zod';
import type { Port } from './endpoint.js';

export const portSchema: z.ZodType<Port> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('veth'),
    netns: z.string(),
    interface: z.string(),
    hostInterface: z.string(),
  }),
  z.object({
    kind: z.literal('tap'),
    interface: z.string(),
    ownerUid: z.number(),
    multiQueue: z.boolean(),
    vnetHdr: z.boolean(),
  }),
  z.object({ kind: z.literal('host_interface'), interface: z.string() }),
]);
