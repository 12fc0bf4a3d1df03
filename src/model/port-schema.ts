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
  z.object({
    kind: z.literal('vhost_user'),
    socket: z.string(),
    role: z.enum(['SERVER', 'CLIENT']),
    socketMode: z.number(),
    ownerUid: z.number(),
    ownerGid: z.number(),
    gso: z.boolean(),
    packedRing: z.boolean(),
    eventIdx: z.boolean(),
    disableMrgRxbuf: z.boolean(),
    disableIndirectDesc: z.boolean(),
  }),
  z.object({
    kind: z.literal('memif'),
    socket: z.string(),
    role: z.enum(['MASTER', 'SLAVE']),
    id: z.number(),
    ringSize: z.number(),
    bufferSize: z.number(),
    secretName: z.string(),
  }),
  z.object({
    kind: z.literal('vlan'),
    parent: z.string(),
    outerVlanId: z.number(),
    innerVlanId: z.number(),
    dot1ad: z.boolean(),
  }),
  z.object({ kind: z.literal('vpp_interface'), interface: z.string() }),
]);
