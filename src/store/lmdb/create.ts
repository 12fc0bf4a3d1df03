/**
 * Makes the data file: in a directory beside, complete and synced, then moved into place. After a
 * power loss at any instant there is a whole one or none.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { NfvError } from '../../errors.js';
import type { StoreIdentity } from '../copy.js';
import { Environment } from './environment.js';
import { storeError } from './errors.js';
import { DATA_FILE } from './file.js';
import { encodeState, STATE_KEY } from './layout.js';

const UNFINISHED = 'new';

/** The directory, for this user only, and safe in its parents. @throws NfvError */
export async function makeDirectory(path: string): Promise<void> {
  try {
    const above = await mkdir(dirname(resolve(path)), { recursive: true, mode: 0o755 });
    const own = await mkdir(path, { recursive: true, mode: 0o700 });
    const first = above ?? own;
    await chmod(path, 0o700);
    if (first === undefined) return;
    for (let made = resolve(path); ; made = dirname(made)) {
      // Other daemons have theirs beside it, and none but ours may put something else there, whatever the umask is.
      if (made !== resolve(path)) await chmod(made, 0o755);
      await syncDirectory(dirname(made));
      if (made === resolve(first)) return;
    }
  } catch (error) {
    throw storeError(error, `cannot make the directory ${path}`);
  }
}

/**
 * The data file, where there is none; the directory is locked. With `identity` there must be none.
 * @throws NfvError ALREADY_EXISTS
 */
export async function makeDataFile(
  path: string,
  mapSize: number,
  identity?: StoreIdentity,
): Promise<void> {
  const unfinished = join(path, UNFINISHED);
  const file = join(path, DATA_FILE);
  try {
    await rm(unfinished, { recursive: true, force: true });
    if (existsSync(file) && identity === undefined) return;
    if (existsSync(file)) throw new NfvError('ALREADY_EXISTS', `${path} has a store`);
    await mkdir(unfinished, { mode: 0o700 });
    await fill(unfinished, mapSize, identity ?? { storeId: randomUUID(), epoch: 0 });
    await rename(join(unfinished, DATA_FILE), file);
    await syncDirectory(path);
    await rm(unfinished, { recursive: true, force: true });
  } catch (error) {
    throw storeError(error, `cannot make ${file}`);
  }
}

async function fill(directory: string, mapSize: number, identity: StoreIdentity): Promise<void> {
  const environment = new Environment({ path: directory, mapSize });
  try {
    await environment.ready();
    const state = { revision: 0, compactRevision: 0, purgedRevision: 0 };
    const record = encodeState({ ...identity, ...state });
    await environment.commit([{ key: STATE_KEY, record }]);
  } finally {
    await environment.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
