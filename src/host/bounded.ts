/** `work` on every item, at most `limit` at a time; the answers in the items' order. */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: { readonly at: number; readonly value: R }[] = [];
  // One iterator for all workers: each takes what is next.
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) results.push({ at, value: await work(item) });
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results.sort((a, b) => a.at - b.at).map(({ value }) => value);
}
