/**
 * The check of verify.ts in a thread of its own: a large file takes seconds, and what else a start has to do goes
 * on meanwhile.
 */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { NfvError } from '../../errors.js';
import { FAILED, verifyDataFile, type Verified } from './verify.js';

/** A thread costs as much as the check of so many bytes. */
const LARGE_BYTES = 8 * 1024 * 1024;

const count = z.int().min(0);
const Answer: z.ZodType<Verified> = z.strictObject({
  state: z.strictObject({
    storeId: z.string(),
    epoch: count,
    revision: count,
    compactRevision: count,
    purgedRevision: count,
  }),
  txnId: count,
  pages: count,
  freePages: count,
  lostPages: count,
  records: count,
});

/** @throws as verifyDataFile */
export async function verifyAside(path: string, signal?: AbortSignal): Promise<Verified> {
  const isLarge = await stat(path).then(
    ({ size }) => size >= LARGE_BYTES,
    () => false,
  );
  const verified = isLarge ? await askThread(path, signal) : undefined;
  return verified ?? (await verifyDataFile(path, signal));
}

/** @returns undefined: it is to be found out here what is wrong with the file, or with the thread */
export async function askThread(path: string, signal?: AbortSignal): Promise<Verified | undefined> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./verify-worker.js', import.meta.url), { workerData: path });
  // Also when nobody waits for it any more.
  worker.on('error', () => undefined);
  const ended = new AbortController();
  const stop = AbortSignal.any([ended.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    const answer = await answerOf(worker, stop);
    const { data } = Answer.safeParse(answer);
    if (data === undefined && answer !== FAILED) warn('an answer that makes no sense');
    return data;
  } catch (error) {
    signal?.throwIfAborted();
    warn(NfvError.from(error).message);
    return undefined;
  } finally {
    ended.abort();
    await worker.terminate();
  }
}

/** @throws what the thread died of, or the reason of the signal */
function answerOf(worker: Worker, signal: AbortSignal): Promise<unknown> {
  return Promise.race([
    once(worker, 'message', { signal }).then(([told]: unknown[]) => told),
    once(worker, 'exit', { signal }).then(([code]: unknown[]) => {
      throw new NfvError('INTERNAL', `the thread ended with ${String(code)}, without an answer`);
    }),
  ]);
}

/** A start that takes longer than it should has a reason that can be read. */
function warn(reason: string): void {
  process.emitWarning(`the check of the store in a thread of its own failed: ${reason}`);
}
