/** What the configuration file says of VPP, for an agent whose dataplane it is. */
import { z } from 'zod';
import { isHostAddress, parseIp, parsePrefix } from '../model/addresses.js';
import { absolutePath } from '../model/config.js';

/** VPP keeps names in 64 bytes with a 0 at the end, the kernel in 16 (IFNAMSIZ). */
const VPP_NAME = /^[\x21-\x7e]{0,63}$/;
const KERNEL_NAME = /^[^\s/:]{0,15}$/;
/** sun_path of a unix socket (unix(7)). */
const MAX_SOCKET_PATH = 107;

const address = z.string().transform((text, context) => {
  const ip = parseIp(text);
  if (ip !== undefined && isHostAddress(ip)) return ip.text;
  const message = 'not a unicast IP address; give one such as "192.0.2.254"';
  context.addIssue({ code: 'custom', message, input: text });
  return z.NEVER;
});

/** An address of ours, with the length of its subnet; canonical. */
const interfaceAddress = z.string().transform((text, context) => {
  const [host = '', length = ''] = text.split('/');
  const ip = parseIp(host);
  const max = host.includes(':') ? 128 : 32;
  if (ip !== undefined && isHostAddress(ip) && /^[1-9]\d{0,2}$/.test(length)) {
    if (Number(length) <= max) return `${ip.text}/${length}`;
  }
  const message = 'not an address with a length; give one such as "192.0.2.1/24"';
  context.addIssue({ code: 'custom', message, input: text });
  return z.NEVER;
});

const destination = z
  .string()
  .refine((text) => parsePrefix(text) !== undefined, 'not a prefix; give one such as "10.0.0.0/8"');

const uplink = z
  .strictObject({
    /** VPP's name of an interface that is there. */
    interface: z.string().regex(VPP_NAME, 'not a name of VPP’s').default(''),
    /** A kernel interface for VPP to take. */
    hostInterface: z.string().regex(KERNEL_NAME, 'not an interface name').default(''),
    addresses: z.array(interfaceAddress).min(1).max(16),
    /** Bytes of a packet. At least what IPv6 needs (RFC 8200 §5). */
    mtu: z.int().min(1280).max(9216).default(1500),
    routes: z
      .array(z.strictObject({ to: destination, via: address }))
      .max(64)
      .prefault([]),
  })
  .refine((each) => (each.interface === '') !== (each.hostInterface === ''), {
    error: 'give either interface or hostInterface',
    path: ['interface'],
  });

export const vppConfigSchema = z
  .strictObject({
    /** `socksvr { socket-name PATH }` of VPP's startup.conf. */
    socket: absolutePath
      .refine(
        (path) => Buffer.byteLength(path) <= MAX_SOCKET_PATH,
        `too long for a unix socket; give at most ${MAX_SOCKET_PATH} bytes`,
      )
      .default('/run/vpp/api.sock'),
    uplinks: z.array(uplink).max(16).prefault([]),
    /** Where sockets of vhost-user and memif ports may be. */
    socketDirectories: z
      .array(absolutePath)
      .max(16)
      .default(['/run/nfvd/vhost', '/run/nfvd/memif']),
    /** Files with the secrets of memif ports, by their names. */
    secretDirectory: absolutePath.default('/etc/nfvd/secrets'),
  })
  .prefault({});

export type VppConfig = z.infer<typeof vppConfigSchema>;
