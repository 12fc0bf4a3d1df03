import type { Feature } from '../feature.js';
import { RETVAL } from '../state.js';

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
      const known = command === 'show version';
      const reply = known ? 'vpp v26.06-emulated\n' : `unknown input \`${command}'\n`;
      request.retval(known ? 0 : RETVAL.UNSPECIFIED, { reply });
    },
  },
};
