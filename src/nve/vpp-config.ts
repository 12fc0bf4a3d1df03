/** What the configuration file says of VPP, for an agent whose dataplane it is. */
import { z } from 'zod';
import { absolutePath } from '../model/config.js';
import { uplinkConfigs } from './uplink-config.js';

/** sun_path of a unix socket (unix(7)). */
const MAX_SOCKET_PATH = 107;

const socketPath = absolutePath.refine(
  (path) => Buffer.byteLength(path) <= MAX_SOCKET_PATH,
  `too long for a unix socket; give at most ${MAX_SOCKET_PATH} bytes`,
);

export const vppConfigSchema = z
  .strictObject({
    /** `socksvr { socket-name PATH }` of VPP's startup.conf. */
    socket: socketPath.default('/run/vpp/api.sock'),
    /** `statseg { socket-name PATH }` of its startup.conf. */
    statsSocket: absolutePath.default('/run/vpp/stats.sock'),
    /** `punt { socket PATH }` of its startup.conf. */
    puntSocket: socketPath.default('/run/vpp/punt.sock'),
    /** libvppapiclient.so, or the folder that it is in; empty: one of the system's. */
    library: z.union([z.literal(''), absolutePath]).default(''),
    uplinks: uplinkConfigs,
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
