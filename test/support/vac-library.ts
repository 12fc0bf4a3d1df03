import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { systemClock } from '../../src/model/clock.js';
import { FfiTransport } from '../../src/vpp-api/transport/ffi.js';
import { skip } from './skip.js';
import { tempDir } from './temp-dir.js';
import type { TransportOf } from './vpp-under-test.js';

const SOURCE = fileURLToPath(new URL('../../../test/support/vac-library/vac.c', import.meta.url));

/** The stand-in for libvppapiclient, compiled; skips where there is no C compiler. */
export async function compileVacLibrary(
  context: Context,
): Promise<{ readonly path: string; remove(): void }> {
  const dir = tempDir();
  const path = join(dir.path, 'libvppapiclient.so');
  const args = ['-O1', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared', '-o', path, SOURCE];
  try {
    await promisify(execFile)('cc', [...args, '-lpthread']);
  } catch (error) {
    dir.remove();
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing) skip(context, 'no C compiler (cc) to make the stand-in for libvppapiclient');
    throw error;
  }
  return {
    path,
    remove: () => {
      dir.remove();
    },
  };
}

export function overFfi(library: () => string): TransportOf {
  return ({ shmPrefix }) =>
    new FfiTransport({
      library: { path: library() },
      clientName: 'nfvd-test',
      shmPrefix,
      timers: systemClock,
    });
}
