import assert from 'node:assert/strict';
import { parsePlugins } from '../../../src/model/vpp-plugins.js';

/** As VPP 26.06 says it. */
const TEXT = ` Plugin path is: /opt/vpp/lib/x86_64-linux-gnu/vpp_plugins

     Plugin                                   Version                          Description
  1. af_packet_plugin.so                      26.06-release                    AF_PACKET interfaces
 10. vxlan_plugin.so                          26.06-release                    VxLan Tunnels
 11. odd.so                                   1                                without the usual name
`;

describe('parsePlugins', () => {
  it('has each plugin with its version', () => {
    assert.deepEqual(parsePlugins(TEXT), [
      { name: 'af_packet', version: '26.06-release' },
      { name: 'vxlan', version: '26.06-release' },
      { name: 'odd', version: '1' },
    ]);
  });

  it('has none of a text that it does not understand', () => {
    assert.deepEqual(parsePlugins('unknown command'), []);
  });
});
