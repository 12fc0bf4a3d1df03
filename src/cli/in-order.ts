/**
 * The results of `work` in the order of `items`, with at most `window` of them under way.
 * `work` must not reject: what it has to say of a failure is a result too.
 */
export async function* inOrder<T, R>(
  items: readonly T[],
  window: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for (const item of items) {
    running.push(work(item));
    const first = running.length >= window ? running.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const result of running) yield await result;
}
