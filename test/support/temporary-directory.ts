import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty directory under `parent`; the caller removes it. */
export async function temporaryDirectory(parent = tmpdir()): Promise<{
  readonly path: string;
  remove(): Promise<void>;
}> {
  const path = await mkdtemp(join(parent, 'nfvt-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
