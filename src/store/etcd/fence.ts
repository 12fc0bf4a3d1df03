/**
 * What became of a transaction whose answer was lost. It may still be on its way: so first the
 * fence is moved, which every transaction compares with. After that it was done or never will be,
 * and the history of the head, in which each leaves its id, tells which.
 */
import { NfvError } from '../../errors.js';
import type { EtcdApi } from '../../rpc/etcd/types.js';
import type { TxnResult } from '../store.js';
import { encodeMeta } from './meta.js';
import { firstOf, type State } from './state.js';
import { readHead } from './txn.js';

/** For how long a member may keep us waiting for its history. */
const FIND_MS = 3000;

export interface Lost {
  readonly id: string;
  /** The fence it compared with. */
  readonly fence: number;
  /** A revision before it. */
  readonly since: number;
}

export class Fence {
  #moving: Promise<void> | undefined;

  constructor(
    private readonly api: EtcdApi,
    private readonly state: State,
    /** Milliseconds for which a lost answer is looked for. */
    private readonly patienceMs: number,
  ) {}

  /** Undefined: it was not done, and never will be. @throws NfvError STORE_FAILED: nobody knows */
  async settle(lost: Lost): Promise<TxnResult | undefined> {
    const end = performance.now() + this.patienceMs;
    for (;;) {
      try {
        while (this.state.meta.fence <= lost.fence) await this.#move();
        const revision = await this.#find(lost);
        if (revision === undefined) return undefined;
        this.state.reached(revision);
        return { succeeded: true, revision };
      } catch (thrown) {
        const cause = NfvError.from(thrown);
        if (cause.code === 'STORE_UNREACHABLE' && performance.now() < end) continue;
        const text = `etcd did not say whether it was written: ${cause.message}`;
        throw new NfvError('STORE_FAILED', text, {
          cause,
          remedy: 'see that etcd has a leader, then read back what the write was to change',
        });
      }
    }
  }

  /** One for all that need it. It may be done twice: one that is lost is as good as one that is not. */
  #move(): Promise<void> {
    this.#moving ??= this.#write().finally(() => {
      this.#moving = undefined;
    });
    return this.#moving;
  }

  async #write(): Promise<void> {
    const { meta, layout } = this.state;
    const read = { kind: 'range', range: { key: layout.meta } } as const;
    const answer = await this.api.ask({
      compare: [{ of: 'mod', key: layout.meta, revision: meta.fence }],
      success: [{ kind: 'put', key: layout.meta, value: encodeMeta(meta) }, read],
      failure: [read],
    });
    this.state.learnMeta(firstOf(answer, 0));
  }

  /** The revision at which the head had the id. */
  async #find({ id, since }: Lost): Promise<number | undefined> {
    const { layout } = this.state;
    const answer = await this.api.ask({ compare: [], success: [readHead(layout)], failure: [] });
    const last = this.state.learnHead(answer, 0);
    if (last <= since) return undefined;
    const request = { key: layout.head, start: since + 1 };
    for await (const told of this.api.watch(request, AbortSignal.timeout(FIND_MS))) {
      if (told.kind === 'compacted') {
        const text = `history before ${told.compactRevision} is gone`;
        throw new NfvError('REVISION_COMPACTED', text);
      }
      for (const event of told.events) {
        if (event.kind !== 'put') continue;
        if (event.kv.value.toString() === id) return event.kv.modRevision;
        if (event.kv.modRevision >= last) return undefined;
      }
    }
    throw new NfvError('STORE_UNREACHABLE', 'the history of the head did not come in time');
  }
}
