import assert from 'node:assert/strict';
import { parseNetDev } from '../../../../../src/dataplane/linux/ports/port-counters.js';

/** As Linux 6.12 wrote it. */
const TEXT = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    1120      14    0    0    0     0          0         0     1120      14    0    0    0     0       0          0
nfvp83ab6c55ee: 18446744073709 123456 1 2 3 4 5 6 700 8 9 10 11 12 13 14
 short: 1 2 3
`;

describe('parseNetDev', () => {
  it('has packets, bytes and drops of each link', () => {
    const found = parseNetDev(TEXT);
    assert.deepEqual([...found.keys()], ['lo', 'nfvp83ab6c55ee']);
    assert.deepEqual(found.get('nfvp83ab6c55ee'), {
      rxPackets: 123456,
      rxBytes: 18446744073709,
      txPackets: 8,
      txBytes: 700,
      drops: 12,
    });
  });
});
