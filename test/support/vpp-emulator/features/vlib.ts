import type { Feature } from '../feature.js';
import { NONE, RETVAL } from '../state.js';

/** Nodes of the graph that the emulator claims to have. */
const NODES = 700;
/** Details that `graph_node_get` gives before it asks to go on: VPP stops after 50 microseconds. */
const NODES_AT_A_TIME = 64;

/** src/vlibmemory/vlib_api.c, src/vpp/api/api.c, src/plugins/tracedump/graph_api.c */
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
    graph_node_get: (request) => {
      const first = request.num('cursor') === NONE ? 0 : request.num('cursor');
      const end = Math.min(NODES, first + NODES_AT_A_TIME);
      for (let index = first; index < end; index++) {
        request.details({ index, name: `node-${index}` });
      }
      if (end === NODES) request.reply({ cursor: NONE });
      else request.retval(RETVAL.EAGAIN, { cursor: end });
    },
  },
};
