/** How an endpoint is plugged in, in a manifest. */
import { z } from 'zod';

const text = z.string();
const flag = z.boolean().optional();
/** As an unsigned integer of 32 bits, which is what the protocol carries. */
const uint = z.int().min(0).max(0xffff_ffff);

/** In quotes: YAML 1.2 takes 0660 for 660. */
const mode = z
  .string({ error: 'not a mode; give octal digits in quotes, such as "0660"' })
  .regex(/^0?[0-7]{1,3}$/, 'not a mode; give octal digits, such as "0660"');

const VhostUser = z.strictObject({
  socket: text,
  role: z.enum(['SERVER', 'CLIENT']).optional(),
  socketMode: mode.optional(),
  ownerUid: uint.optional(),
  ownerGid: uint.optional(),
  gso: flag,
  packedRing: flag,
  eventIdx: flag,
  disableMrgRxbuf: flag,
  disableIndirectDesc: flag,
});

const Memif = z.strictObject({
  socket: text,
  role: z.enum(['MASTER', 'SLAVE']).optional(),
  id: uint.optional(),
  ringSize: uint.optional(),
  bufferSize: uint.optional(),
  secretName: text.optional(),
});

const Vlan = z.strictObject({
  parent: text,
  outerVlanId: uint,
  innerVlanId: uint.optional(),
  dot1ad: flag,
});

export const PortManifest = z
  .strictObject({
    veth: z
      .strictObject({
        netns: text,
        interface: text.optional(),
        hostInterface: text.optional(),
      })
      .optional(),
    tap: z
      .strictObject({
        interface: text.optional(),
        ownerUid: uint.optional(),
        multiQueue: flag,
        vnetHdr: flag,
      })
      .optional(),
    hostInterface: z.strictObject({ interface: text }).optional(),
    vhostUser: VhostUser.optional(),
    memif: Memif.optional(),
    vlan: Vlan.optional(),
    vppInterface: z.strictObject({ interface: text }).optional(),
  })
  .refine((port) => Object.values(port).filter((kind) => kind !== undefined).length === 1, {
    error:
      'not one kind of port; give one of veth, tap, hostInterface, vhostUser, memif, vlan and vppInterface',
  });

export type PortManifest = z.infer<typeof PortManifest>;
