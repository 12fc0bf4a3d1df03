/**
 * Polls until `check` neither throws nor answers false; for integration tests, whose parts have
 * their own time. Fails with the last failure after `limit` ms.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  limit = 10_000,
  interval = 20,
): Promise<Exclude<T, false>> {
  const end = performance.now() + limit;
  for (;;) {
    let last: unknown;
    try {
      const result = await check();
      if (isNotFalse(result)) return result;
      last = new Error('it stayed false');
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) {
      throw new Error(`not so after ${limit} ms: ${String(last)}`, { cause: last });
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}

function isNotFalse<T>(value: T): value is Exclude<T, false> {
  return value !== false;
}
