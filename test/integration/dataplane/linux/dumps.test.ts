/** Many MACs, which are read by dumps, while others come and go. */
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyOf, type Payload } from '../../../../src/model/item.js';
import { LinuxHost } from '../../../support/linux-host.js';
import { domain, floodTo, macAt, tunnelTo, vtepItem } from '../../../support/linux-items.js';
import { needNetns } from '../../../support/netns.js';

const VTEP = '10.1.0.1';
const REMOTE = '10.1.0.2';
const VNI = 7;
const MACS = 2000;

const hex = (n: number): string => n.toString(16).padStart(2, '0');
const macOf = (kind: number, i: number): string =>
  `02:${hex(kind)}:00:00:${hex(i >> 8)}:${hex(i & 255)}`;

describe('kernel dataplane: dumps', function () {
  this.timeout(60_000);
  let host: LinuxHost;
  const file = join(tmpdir(), `nfvd-test-churn-${process.pid}`);

  before(async function () {
    await needNetns(this);
    host = await LinuxHost.alone([`${VTEP}/24`]);
    const lines: string[] = [];
    for (let i = 0; i < 40_000; i += 40) {
      for (const verb of ['replace', 'del']) {
        for (let j = i; j < i + 40; j++) {
          const state = verb === 'replace' ? ' dynamic' : '';
          lines.push(`fdb ${verb} ${macOf(2, j)} dev nfvx${VNI} master${state}`);
        }
      }
    }
    await writeFile(file, `${lines.join('\n')}\n`);
  });

  after(async () => {
    await rm(file, { force: true });
    await host.close();
  });

  it('miss nothing that is wanted while MACs are learned and forgotten', async () => {
    const macs = Array.from({ length: MACS }, (_, i) => macAt(VNI, macOf(1, i), REMOTE));
    const wanted: Payload[] = [
      ...[vtepItem(VTEP), domain(VNI, VTEP, { learn: true }), tunnelTo(VNI, REMOTE, VTEP)],
      ...[floodTo(VNI, REMOTE), ...macs],
    ];
    await host.converge(wanted, 'all');
    const state = { isOver: false };
    const churn = host.ns.run('bridge', '-batch', file).finally(() => {
      state.isOver = true;
    });
    let looks = 0;
    const wrong: string[] = [];
    const check = async (scope: 'all' | readonly string[]): Promise<void> => {
      const { objects } = await host.observe(wanted, scope);
      for (const mac of macs) {
        const found = objects.get(keyOf(mac));
        const defects = found?.defects ?? ['missing'];
        if (defects.length > 0) wrong.push(`${keyOf(mac)}: ${defects.join()}`);
      }
    };
    while (!state.isOver) {
      await check('all');
      await check(wanted.map(keyOf));
      looks++;
    }
    await churn;
    assert.deepEqual(wrong, []);
    assert.ok(looks > 1, `${looks} looks`);
  });
});
