/** The VPP that one of the hosts has for a dataplane, where this machine has a VPP. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { Daemon } from './daemons.js';
import { inNetns, run } from './run.js';
import type { VppInstallation } from './vpp-installation.js';
import { UNDERLAY_MTU, type Host } from './world.js';

const DIR = '/run/demo/vpp';

/** A host whose dataplane is a VPP. */
export class VppHost {
  readonly daemon: Daemon;
  /** VPP makes the guests' interfaces itself; without the kernel's vhost-net it takes those that are there. */
  readonly canTap = existsSync('/dev/vhost-net');

  private constructor(
    readonly host: Host,
    private readonly installation: VppInstallation,
  ) {
    const command = [installation.vpp, '-c', `${DIR}/startup.conf`];
    const start = inNetns(host.name, 'env', ...environment(installation), ...command);
    this.daemon = new Daemon(`VPP on ${host.name}`, start, () => answers(`${DIR}/api.sock`));
  }

  static async create(host: Host, installation: VppInstallation): Promise<VppHost> {
    await mkdir(DIR);
    await writeFile(`${DIR}/startup.conf`, startupConf(installation.plugins));
    return new VppHost(host, installation);
  }

  /** What the agent's configuration says of it. */
  get agentConfig(): string {
    const uplink = `hostInterface: eth0, addresses: [${this.host.address}/24], mtu: ${UNDERLAY_MTU}`;
    return [
      'dataplane: vpp',
      `vpp: { socket: ${DIR}/api.sock, uplinks: [{ ${uplink} }] }`,
      // VPP tells of interfaces alone: what else was changed shows at the next look.
      'drift: { interval: 5s }',
    ].join('\n');
  }

  /** Asks VPP's own command line. */
  ask(...words: readonly string[]): Promise<string> {
    const command = [this.installation.vppctl, '-s', `${DIR}/cli.sock`];
    return run('env', [...environment(this.installation), ...command, ...words]);
  }

  /** Of its forwarding tables. */
  async macs(): Promise<ReadonlySet<string>> {
    const text = await this.ask('show', 'l2fib', 'all');
    return new Set(text.match(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/g) ?? []);
  }
}

function environment({ libraries }: VppInstallation): string[] {
  return libraries === undefined ? [] : [`LD_LIBRARY_PATH=${libraries}`];
}

/** Without hugepages and devices; it sleeps when there is nothing to do. */
function startupConf(plugins: string | undefined): string {
  return `
unix { nodaemon nosyslog cli-listen ${DIR}/cli.sock log ${DIR}/vpp.log runtime-dir ${DIR} poll-sleep-usec 100 }
api-segment { prefix demo }
socksvr { socket-name ${DIR}/api.sock }
statseg { socket-name ${DIR}/stats.sock size 32M page-size 4k }
memory { main-heap-size 512M main-heap-page-size 4k }
buffers { buffers-per-numa 16384 page-size 4k }
plugins { ${plugins === undefined ? '' : `path ${plugins}`} plugin dpdk_plugin.so { disable } }
`;
}

/** Something listens there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
