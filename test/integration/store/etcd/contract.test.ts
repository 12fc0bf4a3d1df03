import assert from 'node:assert/strict';
import { EtcdCluster, needEtcd } from '../../../support/etcd.js';
import { etcdFactory } from '../../../support/etcd-factory.js';
import { storeContract } from '../../../support/store-contract.js';

for (const members of [1, 3]) {
  const name = members === 1 ? 'etcd, one member' : 'etcd, three members';
  describe(name, () => {
    let cluster: EtcdCluster | undefined;

    before(async function () {
      this.timeout(60_000);
      needEtcd(this);
      cluster = await EtcdCluster.start({ members });
    });

    after(async () => {
      await cluster?.stop();
    });

    storeContract(
      etcdFactory(name, () => {
        assert.ok(cluster !== undefined);
        return cluster;
      }),
    );
  });
}
