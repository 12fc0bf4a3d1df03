/**
 * The check of verify.ts in a thread of its own: a large file takes seconds, and what else a start has to do goes
 * on meanwhile.
 */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { verifyDataFile, type Verified } from './verify.js';

/** What the thread answers when the check has failed. */
export const FAILED = 'failed';

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

/** @returns undefined: it is to be found out here what is wrong */
async function askThread(path: string, signal?: AbortSignal): Promise<Verified | undefined> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./verify-worker.js', import.meta.url), { workerData: path });
  const ended = new AbortController();
  const stop = AbortSignal.any([ended.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    const answer = await Promise.race([
      once(worker, 'message', { signal: stop }).then(([told]: unknown[]) => told),
      once(worker, 'exit', { signal: stop }).then(() => FAILED),
    ]).catch(() => FAILED);
    signal?.throwIfAborted();
    const { data } = Answer.safeParse(answer);
    return data;
  } finally {
    ended.abort();
    await worker.terminate();
  }
}
