import type { Feature } from '../feature.js';
import { RETVAL } from '../state.js';

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
    cli_inband: (request) => {
      const command = request.text('cmd').trim();
      const reply = COMMANDS.get(command);
      if (reply === undefined) {
        request.retval(RETVAL.UNSPECIFIED, { reply: `unknown input \`${command}'\n` });
        return;
      }
      request.reply({ reply });
    },
  },
};
