import assert from 'node:assert/strict';
import type { ErrorCode } from '../../../../src/errors.js';
import type { Grant } from '../../../../src/model/access-policy.js';
import type { Port } from '../../../../src/model/endpoint.js';
import { GuardingNva } from '../../../../src/nva/access/guarding.js';
import { callWith, grant, TAP, twoTenants } from '../../../support/guarded.js';
import { refusedWith } from '../../../support/refusals.js';
import { VHOST_USER } from '../../../support/vpp-port-samples.js';

const MOVE = { nve: 'host-b', etag: '', requestId: '', validateOnly: false };
const OF_BLUE = { id: 'blue', etag: '', validateOnly: false };

const REFUSED: readonly [title: string, grants: readonly Grant[], port: Port, code: ErrorCode][] = [
  ['of another tenant', [grant('tenant', ['red'])], TAP, 'NOT_FOUND'],
  ['by who may only read it', [grant('viewer', ['blue'])], TAP, 'ACCESS_DENIED'],
  ['to a port of a kind denied', [grant('tenant', ['blue'], ['tap'])], VHOST_USER, 'ACCESS_DENIED'],
  ['by who has no rights', [], TAP, 'ACCESS_DENIED'],
];

describe('the rights to migrate an endpoint', () => {
  for (const [title, grants, port, code] of REFUSED) {
    it(`are refused ${title}, and so is what comes after`, async () => {
      const nva = await twoTenants();
      const { migrations } = new GuardingNva(nva);
      const call = callWith(...grants);
      const request = { ...MOVE, id: 'blue', port, hold: true, timeoutMs: 0 };
      await refusedWith(code, migrations.migrate(request, call));
      assert.equal(nva.endpoints.find('blue')?.status.migration, undefined);
      if (port !== TAP) return;
      await nva.migrations.migrate(request, callWith());
      await refusedWith(code, migrations.finish({ ...OF_BLUE, force: false }, call));
      await refusedWith(code, migrations.cancel(OF_BLUE, call));
      assert.equal(nva.endpoints.find('blue')?.status.migration?.phase, 'ASSOCIATING');
    });
  }

  it('are those to change it', async () => {
    const nva = await twoTenants();
    const { migrations } = new GuardingNva(nva);
    const call = callWith(grant('tenant', ['blue'], ['tap']));
    const request = { ...MOVE, id: 'blue', port: TAP, hold: true, timeoutMs: 0 };
    const begun = await migrations.migrate(request, call);
    assert.equal(begun.status.migration?.phase, 'ASSOCIATING');
    const finished = await migrations.finish({ ...OF_BLUE, force: false }, call);
    assert.equal(finished.status.migration?.released, true);
    const cancelled = await migrations.cancel(OF_BLUE, call);
    assert.equal(cancelled.status.migration?.phase, 'CANCELLED');
  });
});
