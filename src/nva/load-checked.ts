/** Reading a store that is still being checked. */

/**
 * Resolves when it has been read and is known to be sound.
 * @param loading the reading, which may have no end in a store that is not sound
 * @param checked rejects when it is not; absent: it is known to be sound
 * @throws that of the check first, which has the better reasons
 */
export async function loadChecked(
  loading: Promise<void>,
  checked: (() => Promise<void>) | undefined,
): Promise<void> {
  loading.catch(() => undefined);
  await checked?.();
  await loading;
}
