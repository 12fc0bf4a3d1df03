/** Works with another umask than the process has. */
export async function withUmask(umask: number, work: () => Promise<void>): Promise<void> {
  const before = process.umask(umask);
  try {
    await work();
  } finally {
    process.umask(before);
  }
}
