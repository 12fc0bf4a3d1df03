/** What LMDB and the kernel say, as the store's errors. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NfvError, type ErrorCode } from '../../errors.js';

/** errno and LMDB's codes by what they mean here; all others are STORE_FAILED. */
const CODES: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [28, 'STORE_FULL'], // ENOSPC
  [122, 'STORE_FULL'], // EDQUOT
  [27, 'STORE_FULL'], // EFBIG
  [-30792, 'STORE_FULL'], // MDB_MAP_FULL
  [-30797, 'STORE_DAMAGED'], // MDB_PAGE_NOTFOUND
  [-30796, 'STORE_DAMAGED'], // MDB_CORRUPTED
  [-30793, 'STORE_DAMAGED'], // MDB_INVALID
  [-30794, 'STORE_DAMAGED'], // MDB_VERSION_MISMATCH
]);

const NAMES: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'STORE_FULL',
  EDQUOT: 'STORE_FULL',
  EFBIG: 'STORE_FULL',
  EACCES: 'FILE_UNREADABLE',
  EPERM: 'FILE_UNREADABLE',
  ENOENT: 'FILE_UNREADABLE',
  ENOTDIR: 'FILE_UNREADABLE',
  EEXIST: 'FILE_UNREADABLE',
  EROFS: 'FILE_UNREADABLE',
};

const EIO = 5;

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}

/** `doing` is what failed: `cannot write /var/lib/nfvd/data.mdb`. */
export function storeError(thrown: unknown, doing: string): NfvError {
  if (thrown instanceof NfvError) return thrown;
  const code = codeOf(thrown);
  const named = typeof code === 'string' ? NAMES[code] : undefined;
  const numbered = typeof code === 'number' ? CODES.get(code) : undefined;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  // What lmdb-js adds to a failed write is an array read beyond its end.
  const message = said.replace(/: Attempting to write page .*/, '');
  return new NfvError(named ?? numbered ?? 'STORE_FAILED', `${doing}: ${message}`, {
    cause: thrown,
  });
}

/**
 * Like `storeError`, for a failed commit: LMDB calls a write that was cut short EIO, and that is
 * what a file system does as its last block goes.
 */
export async function commitError(thrown: unknown, path: string, bytes: number): Promise<NfvError> {
  const error = storeError(thrown, `cannot write ${path}`);
  if (error.code !== 'STORE_FAILED' || codeOf(thrown) !== EIO) return error;
  try {
    const disk = await statfs(dirname(path));
    if (disk.bavail * disk.bsize > bytes) return error;
  } catch {
    return error;
  }
  return new NfvError('STORE_FULL', `cannot write ${path}: the disk is full`, { cause: thrown });
}

/**
 * Of a page that could not be written, lmdb-js writes positions and sizes into malloc(100): with
 * large numbers in them, beyond its end.
 */
export function hurtsMemory(reason: unknown): boolean {
  const text = reason instanceof Error ? reason.message : '';
  const at = text.indexOf('Attempting to write page');
  return at >= 0 && text.length - at >= 100;
}
