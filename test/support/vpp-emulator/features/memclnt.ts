import type { Feature } from '../feature.js';
import { RETVAL } from '../state.js';

/** src/vlibmemory/memclnt_api.c */
export const memclnt: Feature = {
  module: 'memclnt',
  handlers: {
    control_ping: (request, state) => {
      request.reply({ vpe_pid: state.pid });
    },
    memclnt_keepalive: (request) => {
      request.reply();
    },
    // From a client that answers; VPP notes that it lives.
    memclnt_keepalive_reply: () => undefined,
    api_versions: (request) => {
      request.reply({
        count: 1,
        api_versions: [{ major: 2, minor: 1, patch: 0, name: 'memclnt' }],
      });
    },
    get_first_msg_id: (request) => {
      request.retval(RETVAL.INVALID_VALUE, { first_msg_id: 0xffff });
    },
  },
};
