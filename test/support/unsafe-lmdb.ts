/** lmdb as the store gets it in the tests' negative controls: with options that are not durable. */
import { open as realOpen, type RootDatabase } from 'lmdb';

function overrides(): object {
  const options: unknown = JSON.parse(process.env['NFVT_LMDB_OPTIONS'] ?? '{}');
  return typeof options === 'object' && options !== null ? options : {};
}

export const open = (options: object): RootDatabase => realOpen({ ...options, ...overrides() });
