import assert from 'node:assert/strict';
import type { EtcdTxn, EtcdTxnResult } from '../../../../src/rpc/etcd/types.js';
import { Layout } from '../../../../src/store/etcd/layout.js';
import { EtcdPeers } from '../../../../src/store/etcd/peers.js';

/** What of etcd the peers need: keys with leases. */
class Leases {
  readonly #keys = new Map<number, { readonly key: Buffer; readonly value: Buffer }>();
  /** Awaited before an answer of `ask` is given, which tells what was there when it was asked. */
  beforeAnswer: Promise<void> = Promise.resolve();

  peer(advertise?: string): EtcdPeers {
    return new EtcdPeers(this, new Layout('/t/'), () => 0, advertise);
  }

  /** All leases run out. */
  runOut(): void {
    this.#keys.clear();
  }

  async ask({ success }: EtcdTxn): Promise<EtcdTxnResult> {
    for (const op of success) {
      if (op.kind === 'put' && op.lease !== undefined) this.#keys.set(op.lease, op);
    }
    const kvs = [...this.#keys.values()].map(({ key, value }) => {
      return { key, value, createRevision: 1, modRevision: 1 };
    });
    await this.beforeAnswer;
    return { succeeded: true, revision: 1, ranges: [{ kvs, more: false }] };
  }

  grantLease(): Promise<void> {
    return Promise.resolve();
  }

  keepLease(id: number): Promise<boolean> {
    return Promise.resolve(this.#keys.has(id));
  }

  revokeLease(id: number): Promise<void> {
    this.#keys.delete(id);
    return Promise.resolve();
  }
}

describe('store/etcd/peers', () => {
  it('one that has just come is there, before anybody has looked again', async () => {
    const etcd = new Leases();
    const [first, second] = [etcd.peer(), etcd.peer()];
    await first.beat();
    await second.beat();
    assert.equal(first.isAlive(second.self), true);
    await first.beat();
    assert.equal(first.isAlive(second.self), true);
    assert.equal(first.others(), 1);
  });

  it('a look that was under way when it was asked for is no proof that it is gone', async () => {
    const etcd = new Leases();
    const [first, second] = [etcd.peer(), etcd.peer()];
    await first.beat();
    let answer = (): void => undefined;
    etcd.beforeAnswer = new Promise((resolve) => {
      answer = resolve;
    });
    const look = first.beat();
    // The look has read what is there by now; only its answer is still to come.
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(first.isAlive(second.self), true);
    answer();
    await look;
    await second.beat();
    assert.equal(first.isAlive(second.self), true);
    await first.beat();
    assert.equal(first.isAlive(second.self), true);
  });

  it('one that a look has not found is gone, and that is told', async () => {
    const etcd = new Leases();
    const peer = etcd.peer();
    await peer.beat();
    let told = 0;
    peer.onChange(() => told++);
    assert.equal(peer.isAlive('never-there'), true);
    await peer.beat();
    assert.equal(peer.isAlive('never-there'), false);
    assert.equal(told, 1);
    await peer.beat();
    assert.equal(told, 1);
  });

  it('one whose lease has run out is gone at the next look, until it says again that it is there', async () => {
    const etcd = new Leases();
    const [first, second] = [etcd.peer(), etcd.peer()];
    await second.beat();
    await first.beat();
    etcd.runOut();
    await first.beat();
    assert.equal(first.isAlive(second.self), false);
    await second.beat();
    await first.beat();
    assert.equal(first.isAlive(second.self), true);
  });

  it('says where it is reached, if it is; what it says goes with it', async () => {
    const etcd = new Leases();
    const [first, second] = [etcd.peer('192.0.2.1:4433'), etcd.peer('unix:/run/b.sock')];
    const third = etcd.peer();
    for (const peer of [third, second, first]) await peer.beat();
    assert.deepEqual([...first.addresses()], [[second.self, 'unix:/run/b.sock']]);
    await third.beat();
    assert.deepEqual(
      new Map(third.addresses()),
      new Map([
        [first.self, '192.0.2.1:4433'],
        [second.self, 'unix:/run/b.sock'],
      ]),
    );
    await second.leave();
    await first.beat();
    assert.deepEqual([...first.addresses()], []);
    assert.equal(first.others(), 1);
    const misled = etcd.peer('192.0.2.1:4433');
    await misled.beat();
    assert.deepEqual([...misled.addresses()], []);
    assert.deepEqual([misled.isAddressShared(), third.isAddressShared()], [true, false]);
  });

  it('one that leaves is gone', async () => {
    const etcd = new Leases();
    const [first, second] = [etcd.peer(), etcd.peer()];
    await second.beat();
    await first.beat();
    await second.leave();
    await first.beat();
    assert.equal(first.isAlive(second.self), false);
  });
});
