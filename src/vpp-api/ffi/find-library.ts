/** Where libvppapiclient is: it comes with VPP's package libvppinfra, and is absent on most machines. */
import { execFile } from 'node:child_process';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NfvError } from '../../errors.js';

const NAME = 'libvppapiclient.so';
const LDCONFIG_MS = 5_000;
const LDCONFIG_BYTES = 4 * 1024 * 1024;
const LDCONFIG = '/sbin/ldconfig';

export interface LibraryOptions {
  /** The library, or a folder that it is in. */
  readonly path?: string;
  /** Where a VPP of one's own was installed: `VPP_PREFIX`. */
  readonly prefix?: string;
  /** @returns what `ldconfig -p` prints; for tests */
  readonly listLibraries?: () => Promise<string>;
}

/**
 * Looks in the path given, else below the prefix, else among the libraries of the system.
 * @returns an absolute path
 * @throws NfvError VPP_LIBRARY_MISSING that says where was looked
 */
export async function findLibrary(options: LibraryOptions): Promise<string> {
  const { path, prefix, listLibraries = ldconfig } = options;
  if (path !== undefined) return await found([path, join(path, NAME)], path);
  if (prefix !== undefined) return await found(await below(prefix), `${prefix}/lib`);
  return await found(inCache(await listLibraries()), "the system's libraries (ldconfig -p)");
}

async function found(candidates: readonly string[], where: string): Promise<string> {
  for (const candidate of candidates) {
    if (await isFile(candidate)) return await realpath(candidate);
  }
  throw new NfvError('VPP_LIBRARY_MISSING', `no ${NAME} in ${where}`);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** `lib/libvppapiclient.so`, or with the machine's name between, as Debian has it. */
async function below(prefix: string): Promise<string[]> {
  const lib = join(prefix, 'lib');
  const folders = await readdir(lib).catch(() => []);
  return [join(lib, NAME), ...folders.map((folder) => join(lib, folder, NAME))];
}

/** Lines like `libvppapiclient.so.26.06 (libc6,x86-64) => /lib/x86_64-linux-gnu/libvppapiclient.so.26.06`. */
function inCache(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*libvppapiclient\.so[.\d]* .*=> (\/.*)$/.exec(line);
    return match?.[1] === undefined ? [] : [match[1]];
  });
}

async function ldconfig(): Promise<string> {
  try {
    const limits = { timeout: LDCONFIG_MS, maxBuffer: LDCONFIG_BYTES };
    return (await promisify(execFile)(LDCONFIG, ['-p'], limits)).stdout;
  } catch (cause) {
    throw new NfvError('VPP_LIBRARY_MISSING', `${LDCONFIG} -p failed, which lists the libraries`, {
      cause,
    });
  }
}
