import assert from 'node:assert/strict';
import { kindsOf } from '../../../../src/cli/vpp/message-kinds.js';
import { parseModules } from '../../../../src/vpp-api/schema/parse-module.js';
import { newestModules } from '../../../support/emulated-vpp.js';

describe('kindsOf', () => {
  const kinds = kindsOf(parseModules(newestModules()));
  const rows: [name: string, kind: string | undefined][] = [
    ['show_version', 'request'],
    ['show_version_reply', 'reply'],
    ['sw_interface_dump', 'dump'],
    ['sw_interface_details', 'details'],
    // A cursor stream ends with a reply.
    ['sw_interface_tx_placement_get', 'dump'],
    ['sw_interface_tx_placement_details', 'details'],
    ['sw_interface_tx_placement_get_reply', 'reply'],
    ['want_interface_events', 'request'],
    ['sw_interface_event', 'event'],
    ['no_such_message', undefined],
  ];
  for (const [name, kind] of rows) {
    it(`${name}: ${String(kind)}`, () => {
      assert.equal(kinds.get(name), kind);
    });
  }
});
