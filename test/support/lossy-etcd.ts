/** A real etcd whose answers to writes get lost on the way when a test says so. */
import { NfvError } from '../../src/errors.js';
import type { EtcdApi, EtcdTxn, EtcdTxnResult } from '../../src/rpc/etcd/types.js';

/**
 * `answer`: it is done, nobody hears of it. `request`: it is not done. `late`: nobody hears of it,
 * and it is done when the test delivers it.
 */
export type Loss = 'none' | 'answer' | 'request' | 'late';

export class LossyEtcd implements EtcdApi {
  /** Asked before each write. */
  onSubmit: () => Loss = () => 'none';
  /** Asked before each transaction that may be done twice, such as that of the fence. */
  onAsk: () => Loss = () => 'none';
  readonly #late: EtcdTxn[] = [];
  submitted = 0;

  constructor(private readonly api: EtcdApi) {}

  async submit(txn: EtcdTxn): Promise<EtcdTxnResult> {
    this.submitted++;
    return this.#pass(this.onSubmit(), txn, () => this.api.submit(txn));
  }

  async ask(txn: EtcdTxn): Promise<EtcdTxnResult> {
    return this.#pass(this.onAsk(), txn, () => this.api.ask(txn));
  }

  /** What was late arrives. @returns whether each of them was done */
  async deliver(): Promise<boolean[]> {
    const answers: boolean[] = [];
    for (const txn of this.#late.splice(0)) answers.push((await this.api.submit(txn)).succeeded);
    return answers;
  }

  grantLease: EtcdApi['grantLease'] = (id, seconds) => this.api.grantLease(id, seconds);
  keepLease: EtcdApi['keepLease'] = (id) => this.api.keepLease(id);
  revokeLease: EtcdApi['revokeLease'] = (id) => this.api.revokeLease(id);
  compact: EtcdApi['compact'] = (revision) => this.api.compact(revision);
  watch: EtcdApi['watch'] = (request, signal) => this.api.watch(request, signal);
  version: EtcdApi['version'] = () => this.api.version();
  close: EtcdApi['close'] = () => {
    this.api.close();
  };

  async #pass(
    loss: Loss,
    txn: EtcdTxn,
    call: () => Promise<EtcdTxnResult>,
  ): Promise<EtcdTxnResult> {
    if (loss === 'none') return call();
    if (loss === 'answer') await call();
    if (loss === 'late') this.#late.push(txn);
    throw new NfvError('STORE_UNREACHABLE', `lost: ${loss}`);
  }
}
