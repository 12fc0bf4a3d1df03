/** What a tenant is told of changes that are applied together. */
import assert from 'node:assert/strict';
import { GuardingNva } from '../../../../src/nva/access/guarding.js';
import {
  applyAll,
  endpoint,
  gone,
  HOSTS,
  network,
  router,
  subnet,
} from '../../../support/changes-world.js';
import { eventually } from '../../../support/eventually.js';
import { callWith, grant } from '../../../support/guarded.js';
import { NvaHarness } from '../../../support/nva-harness.js';

describe('events of changes that are applied together', () => {
  let harness: NvaHarness;

  beforeEach(async () => {
    harness = await NvaHarness.start();
  });

  afterEach(() => harness.close());

  async function told(tenant: string): Promise<string[]> {
    const { observation } = new GuardingNva(harness.nva);
    const request = { follow: false, tenant: '', resource: '', kinds: ['DELETED'] } as const;
    const found: string[] = [];
    for await (const event of observation.events(request, callWith(grant('tenant', [tenant])))) {
      found.push(event.resource);
    }
    return found;
  }

  it('are of those that a network had when it goes with all that is in it', async () => {
    const { nva } = harness;
    const all = [subnet('s'), endpoint('web'), router('r', { tenant: 'blue', subnets: ['s'] })];
    await applyAll(nva, ...HOSTS, network('blue', { tenant: 'blue' }), ...all);
    const first = [gone('Endpoint', 'web'), gone('Router', 'r'), gone('Subnet', 's')];
    await applyAll(nva, ...first, gone('VirtualNetwork', 'blue'));
    const names = ['endpoints/web', 'routers/r', 'subnets/s', 'virtualNetworks/blue'];
    const seen = await eventually(async () => {
      const found = await told('blue');
      return found.includes('virtualNetworks/blue') && found;
    });
    assert.deepEqual(seen.sort(), names);
    assert.deepEqual(await told('red'), []);
  });
});
