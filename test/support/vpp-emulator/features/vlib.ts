import type { Feature } from '../feature.js';
import { RETVAL, type VppState } from '../state.js';
import { deviceCommand } from './device.js';

/** What VPP's command line says, as 26.06 writes it. */
const COMMANDS: ReadonlyMap<string, string> = new Map([
  ['show version', 'vpp v26.06-emulated\n'],
  [
    'show plugins',
    ` Plugin path is: /usr/lib/x86_64-linux-gnu/vpp_plugins, plugins shown in load order

     Plugin                                   Version                          Description
  1. acl_plugin.so                            26.06-emulated                   Access Control Lists (ACL)
  2. vxlan_plugin.so                          26.06-emulated                   VxLan Tunnels
`,
  ],
]);

function stateCommand(command: string, state: VppState): string | undefined {
  if (command === 'show buffers') return buffersOf(state);
  const adjacency = /^show adj (\S+)$/.exec(command)?.[1];
  return adjacency === undefined ? undefined : adjacenciesOf(adjacency, state);
}

/** What format_vlib_buffer_pool_all writes (src/vlib/buffer.c), with all taps up and no memif connected. */
function buffersOf({ buffers: total, taps }: VppState): string {
  const rings = [...taps.bySwIfIndex.values()].map((tap) => Number(tap['rx_ring_sz']));
  const used = rings.reduce((sum, size) => sum + size, 0);
  const cells = [0, 0, 2304, 2048, total, total - used, 0, used].map((n) => String(n).padEnd(8));
  return `Pool Name            Index NUMA  Size  Data Size  Total  Avail  Cached   Used  
default-numa-0         ${cells.join(' ')}`;
}

/** What adj_show writes of an interface, as far as it is of groups (src/vnet/adj/adj.c). */
function adjacenciesOf(name: string, { vxlan, interfaces }: VppState): string {
  return [...vxlan.adjacencies.keys()]
    .filter((index) => interfaces.get(index)?.name === name)
    .map((index) => `[@${index}] ipv4-mcast: ${name}: mtu:1500 next:3 flags:[] 01005e000000\n`)
    .join('');
}

/** src/vlibmemory/vlib_api.c, src/vpp/api/api.c */
export const vlib: Feature = {
  module: 'vlib',
  handlers: {
    show_version: (request) => {
      request.reply({
        program: 'vpe',
        version: '26.06-emulated',
        build_directory: '/',
        build_date: '',
      });
    },
    show_vpe_system_time: (request) => {
      request.reply({ vpe_system_time: Date.now() / 1000 });
    },
    show_threads: (request, state) => {
      const main = { id: 0, name: 'vpp_main', type: '', pid: state.pid, cpu_id: 0, core: 0 };
      request.reply({ count: 1, thread_data: [main] });
    },
    cli_inband: (request, state, teller) => {
      const command = request.text('cmd').trim();
      const reply =
        stateCommand(command, state) ??
        COMMANDS.get(command) ??
        deviceCommand(command, state, teller);
      if (reply === undefined) {
        request.retval(RETVAL.UNSPECIFIED, { reply: `unknown input \`${command}'\n` });
        return;
      }
      request.reply({ reply });
    },
  },
};
