/** Two writers on one resource, through two replicas, and a reader at the third. */
import assert from 'node:assert/strict';
import { checkRegister, type Operation } from '../../support/chaos/linearizable.js';
import { createRegister, useRegister } from '../../support/chaos/registers.js';
import { EtcdCluster, needEtcd } from '../../support/etcd.js';
import { call, NvaReplicas } from '../../support/nva-replicas.js';

const WRITES = process.env['NFVD_TEST_LONG'] === '1' ? 10_000 : 600;

describe('chaos: two writers on one resource', function () {
  this.timeout(WRITES * 100 + 60_000);
  let cluster: EtcdCluster;
  let nva: NvaReplicas;

  before(async function () {
    needEtcd(this);
    cluster = await EtcdCluster.start({ members: 3 });
    nva = await NvaReplicas.start(cluster, 3);
  });

  after(async () => {
    await nva.close();
    await cluster.stop();
  });

  it(`${WRITES} times: each change was made to what its writer had seen`, async () => {
    await createRegister(nva.client(0), 'register', 100);
    const history: Operation[] = [];
    const writes = (): Operation[] => history.filter(({ action }) => action.kind !== 'read');
    let left = WRITES;
    let isOver = false;
    const reading = useRegister({
      ...{ name: 'reader', api: nva.client(2), register: 'register', history },
      goesOn: () => !isOver,
      next: () => 'read',
    });
    const writers = [0, 1].map((i) =>
      useRegister({
        ...{ name: `writer-${i}`, api: nva.client(i), register: 'register', history },
        goesOn: () => left-- > 0,
      }),
    );
    await Promise.all(writers);
    isOver = true;
    await reading;
    assert.equal(writes().length, WRITES);
    assert.ok(writes().every(({ end }) => end !== Infinity));
    const count = (kind: string): number =>
      history.filter(({ action }) => action.kind === kind).length;
    assert.ok(count('swap') > WRITES / 4, `${count('swap')} changes`);
    assert.ok(count('refused-swap') > 0, 'they never met');
    assert.deepEqual(checkRegister('first', history), { kind: 'linearizable' });
    const found = await Promise.all(
      [0, 1, 2].map(async (i) => nva.client(i).virtualNetworks.get('register', call)),
    );
    assert.equal(new Set(found.map(({ spec }) => spec.displayName)).size, 1);
  });
});
