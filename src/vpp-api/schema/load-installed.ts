import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { NfvError } from '../../errors.js';
import type { ApiSchema } from './api-schema.js';
import { parseSources, type ModuleSource } from './parse-module.js';

/** Where VPP's packages put them. */
export const INSTALLED = '/usr/share/vpp/api';

/** VPP 26.06 installs 150 files of 1.4 MB in all, at most 90 kB each, two folders deep. */
const MAX_FILES = 2000;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;
const MAX_DEPTH = 8;

export interface LoadOptions {
  readonly signal?: AbortSignal;
}

/**
 * The definitions of all `*.api.json` files below `directory`; a module is named after its file.
 *
 * @throws NfvError FILE_UNREADABLE (no such directory, no permission, more or larger files than VPP
 * has), VPP_SCHEMA_INVALID (a file that is none, or no such file at all); what aborts the signal.
 */
export async function loadInstalled(
  directory: string = INSTALLED,
  { signal }: LoadOptions = {},
): Promise<ApiSchema> {
  const paths = await readable(directory, signal, () => apiFiles(directory, MAX_DEPTH, signal));
  if (paths.length === 0) {
    throw new NfvError('VPP_SCHEMA_INVALID', `${directory}: has no *.api.json file`);
  }
  const sources: ModuleSource[] = [];
  let left = MAX_TOTAL_BYTES;
  for (const path of paths.sort()) {
    signal?.throwIfAborted();
    const text = await readable(path, signal, () => readBounded(path, left));
    left -= text.length;
    sources.push(sourceOf(directory, path, text));
  }
  await setImmediate();
  return parseSources(sources);
}

async function apiFiles(
  directory: string,
  depth: number,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  signal?.throwIfAborted();
  const found: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && depth > 0) found.push(...(await apiFiles(path, depth - 1, signal)));
    else if (!entry.isDirectory() && entry.name.endsWith('.api.json')) found.push(path);
    if (found.length > MAX_FILES) throw new Error(`more than ${MAX_FILES} *.api.json files`);
  }
  return found;
}

async function readBounded(path: string, left: number): Promise<string> {
  const status = await stat(path);
  if (!status.isFile()) throw new Error('not a file');
  if (status.size > MAX_FILE_BYTES) throw new Error(`${status.size} bytes, over ${MAX_FILE_BYTES}`);
  if (status.size > left) throw new Error(`more than ${MAX_TOTAL_BYTES} bytes in all`);
  return await readFile(path, 'utf8');
}

/** A fault of the file system or of our bounds, as an error that names the path. */
async function readable<T>(
  path: string,
  signal: AbortSignal | undefined,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new NfvError('FILE_UNREADABLE', `${path}: ${reason}`, { cause: error });
  }
}

function sourceOf(directory: string, path: string, text: string): ModuleSource {
  const file = relative(directory, path);
  const name = file.replace(/^.*\//, '').replace(/\.api\.json$/, '');
  try {
    const json: unknown = JSON.parse(text);
    return { json, name, at: [file] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NfvError('VPP_SCHEMA_INVALID', `${path}: ${reason}`, { cause: error });
  }
}
