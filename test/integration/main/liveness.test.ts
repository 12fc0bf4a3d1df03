/** A host that dies, and one whose agent does: `nfvd nva` and three `nfvd nve` on the kernel. */
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { NveStatus } from '../../../src/model/nve.js';
import { eventually } from '../../support/eventually.js';
import { call, KernelPool } from '../../support/kernel-pool.js';
import { needNetns, type Netns } from '../../support/netns.js';
import { RunningPing } from '../../support/running-ping.js';

const entries = z.array(z.object({ dst: z.string().optional() }));
const LOST = '192.0.2.3';
/** From the moment that it is found dead, in milliseconds: docs/nva.md. */
const WITHDRAWN_WITHIN = 3000;

describe('a host that is gone', function () {
  this.timeout(120_000);
  let pool: KernelPool | undefined;
  let guests: Netns[];
  const its = (): KernelPool => pool ?? assert.fail();
  const guest = (i: number): Netns => guests[i] ?? assert.fail();

  before(async function () {
    await needNetns(this);
  });
  beforeEach(async () => {
    pool = await KernelPool.start(3, { nva: { liveness: { deadAfter: '1s' } } });
    guests = [];
    for (const [i, id] of ['one', 'two', 'three'].entries()) {
      guests.push(await pool.space());
      await pool.attach(id, i + 1, `host-${i}`, guest(i));
    }
    await pool.applied();
  });
  afterEach(() => pool?.close());

  const statusOf = async (nve: string): Promise<NveStatus> =>
    (await its().api.nves.get(nve, call)).status;

  /** A host sends to the lost one's VTEP. */
  async function sends(i: number): Promise<boolean> {
    const fdb = entries.parse(await its().host(i).json('bridge', 'fdb', 'show'));
    return fdb.some(({ dst }) => dst === LOST);
  }

  it('is no longer sent to once its peers do not find it, and is again when it is back', async () => {
    assert.deepEqual([await sends(0), await sends(1)], [true, true]);
    await its().host(2).ip('link', 'set', 'dev', 'u0', 'down');
    await its().killAgent(2);
    const { time } = await its().nva.logged(
      'the NVE is dead: its mappings are withdrawn from the others',
    );
    const found = performance.now();
    for (const i of [0, 1]) await eventually(async () => !(await sends(i)));
    const took = performance.now() - found;
    process.stdout.write(`      withdrawn ${Math.round(took)} ms after it was found dead\n`);
    assert.ok(took < WITHDRAWN_WITHIN, `${took} ms after ${time}`);
    await eventually(async () => (await statusOf('host-2')).state === 'DEAD');
    await eventually(async () => {
      const { state, reasonCode } = (await its().api.endpoints.get('three', call)).status;
      assert.deepEqual([state, reasonCode], ['FAILED', 'NVE_DEAD']);
      return true;
    });

    const { nves } = await its().api.observation.statistics(call);
    assert.deepEqual(
      nves.map(({ nve, state }) => `${nve} ${state}`),
      ['host-0 IN_SYNC', 'host-1 IN_SYNC', 'host-2 DEAD'],
    );

    await its().host(2).ip('link', 'set', 'dev', 'u0', 'up');
    await its().startAgent(2);
    for (const i of [0, 1]) await eventually(() => sends(i), 20_000);
    await its().applied();
    const ping = new RunningPing(guest(0), '10.0.0.3');
    await ping.goesOn(50);
    await ping.stop();
  });

  it('is sent to as before while only its agent is gone: not a packet is lost', async () => {
    const ping = new RunningPing(guest(0), '10.0.0.3', 10);
    await ping.goesOn(10);
    await its().killAgent(2);
    const { code, reason } = await its().nva.logged('an NVE without a session stays');
    assert.equal(code, 'NVE_DISCONNECTED');
    assert.match(String(reason), /^host-[01] reaches its host: its mappings stay$/);
    await eventually(async () => (await statusOf('host-2')).state === 'DISCONNECTED');
    await ping.goesOn(50);
    assert.deepEqual([await sends(0), await sends(1)], [true, true]);
    assert.deepEqual((await ping.stop()).lost, []);
    await its().startAgent(2);
    await eventually(async () => (await statusOf('host-2')).state === 'IN_SYNC', 20_000);
  });
});
