/** Which VPP, from flags of `nfvctl vpp` and the environment. */
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { invalidField } from '../../errors.js';
import { callTimeout, type Env, type Globals } from '../globals.js';
import { TRANSPORTS, type VppOptions } from './access.js';

export const DEFAULT_SOCKET = '/run/vpp/api.sock';
export const DEFAULT_STATS_SOCKET = '/run/vpp/stats.sock';

const Transport = z.enum(TRANSPORTS);

const Flags = z.object({
  transport: Transport.optional(),
  socket: z.string().optional(),
  library: z.string().optional(),
  shmPrefix: z.string().optional(),
  apiDir: z.string().optional(),
  statsSocket: z.string().optional(),
});

export function addVppOptions(vpp: Command): void {
  vpp
    .addOption(
      new Option(
        '--transport <kind>',
        'API socket, or shared memory through libvppapiclient; socket (NFVCTL_VPP_TRANSPORT)',
      ).choices(TRANSPORTS),
    )
    .option('--socket <path>', `VPP's API socket; ${DEFAULT_SOCKET} (NFVCTL_VPP_SOCKET)`)
    .option(
      '--library <path>',
      'libvppapiclient.so or its folder, for ffi and stats (NFVCTL_VPP_LIBRARY)',
    )
    .option('--shm-prefix <prefix>', "VPP's api-segment prefix, for ffi (NFVCTL_VPP_SHM_PREFIX)")
    .option(
      '--api-dir <directory>',
      '*.api.json files for a VPP that does not tell its messages (NFVCTL_VPP_API_DIR)',
    )
    .option(
      '--stats-socket <path>',
      `VPP's statistics socket; ${DEFAULT_STATS_SOCKET} (NFVCTL_VPP_STATS_SOCKET)`,
    );
}

/** @throws NfvError INVALID_FIELD */
export function vppOptions(vpp: Command, globals: Globals, env: Env): VppOptions {
  refuseNvaFlags(globals);
  const flags = Flags.parse(vpp.opts());
  return {
    transport: flags.transport ?? transportIn(env),
    socket: flags.socket ?? given(env['NFVCTL_VPP_SOCKET']) ?? DEFAULT_SOCKET,
    library: flags.library ?? given(env['NFVCTL_VPP_LIBRARY']),
    prefix: given(env['VPP_PREFIX']),
    shmPrefix: flags.shmPrefix ?? given(env['NFVCTL_VPP_SHM_PREFIX']),
    apiDirectory: flags.apiDir ?? given(env['NFVCTL_VPP_API_DIR']),
    statsSocket: flags.statsSocket ?? given(env['NFVCTL_VPP_STATS_SOCKET']) ?? DEFAULT_STATS_SOCKET,
    timeoutMs: callTimeout(globals),
  };
}

/** Whoever knows vppctl may well type `-s /run/vpp/cli.sock`. */
function refuseNvaFlags({ server, tlsCa, tlsCert, tlsKey }: Globals): void {
  const flags = {
    '--server': server,
    '--tls-ca': tlsCa,
    '--tls-cert': tlsCert,
    '--tls-key': tlsKey,
  };
  for (const [flag, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const remedy = "leave it out; --socket names VPP's API socket";
    throw invalidField(flag, value, 'is for the NVA, which "nfvctl vpp" does not ask', remedy);
  }
}

function transportIn(env: Env): VppOptions['transport'] {
  const text = given(env['NFVCTL_VPP_TRANSPORT']) ?? 'socket';
  const transport = Transport.safeParse(text);
  if (transport.success) return transport.data;
  throw invalidField(
    'NFVCTL_VPP_TRANSPORT',
    text,
    'not a transport',
    `give ${TRANSPORTS.join(' or ')}`,
  );
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
