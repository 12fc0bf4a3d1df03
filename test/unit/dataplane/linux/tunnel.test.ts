import assert from 'node:assert/strict';
import { tunnel } from '../../../../src/dataplane/linux/tunnel.js';
import { vtep } from '../../../../src/dataplane/linux/vtep.js';
import { Memory } from '../../../../src/dataplane/linux/memory.js';
import { FakeDoors } from '../../../support/fake-doors.js';
import { tunnelTo, vtepItem } from '../../../support/linux-items.js';

describe('Tunnel and Vtep', () => {
  const item = tunnelTo(7, '10.1.0.2', '10.1.0.1');

  for (const [type, leads] of [
    ['unicast', true],
    ['local', false],
    ['blackhole', false],
  ] as const) {
    it(`a route of type ${type} ${leads ? 'leads' : 'does not lead'} to a VTEP`, async () => {
      const doors = new FakeDoors().answer(/route get/, [{ type, dev: 'u0' }]);
      const made = tunnel.create(item, doors, new Memory());
      if (leads) await made;
      else await assert.rejects(made, { code: 'VTEP_UNROUTABLE' });
      assert.deepEqual(doors.said, ['ip route get 10.1.0.2 from 10.1.0.1']);
    });
  }

  it('removing one asks for nothing', async () => {
    const doors = new FakeDoors();
    await tunnel.remove(item, doors, new Memory());
    await vtep.remove(vtepItem('10.1.0.1'), doors, new Memory());
    assert.deepEqual(doors.said, []);
  });

  it('what cannot be read is an error, not a missing route', async () => {
    const doors = new FakeDoors().fail(/route get/, 'RTNETLINK answers: Operation not permitted\n');
    await assert.rejects(tunnel.create(item, doors, new Memory()), { code: 'NOT_PRIVILEGED' });
  });
});
