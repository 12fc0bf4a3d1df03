/** Reads what the kernel shows under /sys, /proc and /dev. */
import { open, readdir, readlink, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { NfvError, show } from '../errors.js';
import { mapBounded } from './bounded.js';
import { nodeErrno } from './errno.js';
import type { Programs } from './program.js';

/** Bytes of one attribute; sysfs itself has 4096 at most, files of /proc have more. */
const MAX_BYTES = 256 * 1024;
const MAX_ENTRIES = 100_000;
/** Attributes that one reading process is given. */
const BATCH = 256;
const READERS = 8;

/**
 * It is not there: no file, or no device behind it any more, or a driver that has no answer
 * (`speed` of a link that is down, `phys_port_name` without support).
 */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO', 'EINVAL', 'EOPNOTSUPP', 'ESRCH'];

export interface LockedTexts {
  /** By path; what is not there is left out. */
  readonly texts: ReadonlyMap<string, string>;
  /** Did not answer in time: their device is locked by a driver that is stuck. */
  readonly hung: readonly string[];
}

/** Paths are relative to the root: `sys/bus/pci/devices`. */
export class KernelFiles {
  /** `root`: `/`, or a tree that looks like it. */
  constructor(
    readonly root: string,
    private readonly programs: Programs,
  ) {}

  path(relative: string): string {
    return join(this.root, relative);
  }

  /**
   * The text without white space around it; undefined: it is not there.
   * @throws NfvError NOT_PRIVILEGED, KERNEL_REFUSED
   */
  async text(relative: string): Promise<string | undefined> {
    try {
      return (await readSome(this.path(relative), relative.startsWith('sys/'))).trim();
    } catch (error) {
      throwUnlessAbsent(error, relative);
      return undefined;
    }
  }

  /** As `text`; @throws NfvError KERNEL_REFUSED too when it is no whole number. */
  async integer(relative: string): Promise<number | undefined> {
    const text = await this.text(relative);
    if (text === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(text)) throw unexpected(relative, text, 'a whole number');
    return Number(text);
  }

  /** The last part of what a symbolic link leads to; undefined: it is not there. */
  async link(relative: string): Promise<string | undefined> {
    try {
      return basename(await readlink(this.path(relative)));
    } catch (error) {
      throwUnlessAbsent(error, relative);
      return undefined;
    }
  }

  /** The names on the way to what a symbolic link leads to in the end; none: it is not there. */
  async realPath(relative: string): Promise<string[]> {
    try {
      return (await realpath(this.path(relative))).split('/');
    } catch (error) {
      throwUnlessAbsent(error, relative);
      return [];
    }
  }

  /** Names in a folder, sorted; none when it is not there. */
  async list(relative: string): Promise<string[]> {
    try {
      const names = await readdir(this.path(relative));
      if (names.length > MAX_ENTRIES) throw unexpected(relative, names.length, 'fewer entries');
      return names.sort();
    } catch (error) {
      throwUnlessAbsent(error, relative);
      return [];
    }
  }

  async exists(relative: string): Promise<boolean> {
    const at = relative.lastIndexOf('/');
    return (await this.list(relative.slice(0, at))).includes(relative.slice(at + 1));
  }

  /**
   * Attributes whose reading takes the device's lock (`driver_override`, `sriov_numvfs`:
   * drivers/pci/pci-sysfs.c, iov.c). While a driver is stuck such a read never returns, and four
   * of them would be all of Node's threads; so other processes read them.
   * @throws NfvError COMMAND_MISSING; with the signal CANCELLED or DEADLINE_EXCEEDED
   */
  async lockedTexts(
    relatives: readonly string[],
    options: { readonly deadlineMs: number; readonly signal: AbortSignal },
  ): Promise<LockedTexts> {
    const texts = new Map<string, string>();
    const hung: string[] = [];
    const read = async (paths: readonly string[]): Promise<boolean> => {
      const files = paths.map((path) => this.path(path));
      try {
        const { stdout } = await this.programs.run('grep', ['-aHs', '', '--', ...files], options);
        for (const [path, text] of this.#lines(stdout)) if (!texts.has(path)) texts.set(path, text);
        return true;
      } catch (error) {
        if (error instanceof NfvError && error.code === 'COMMAND_TIMEOUT') return false;
        throw error;
      }
    };
    const alone: string[] = [];
    for (let at = 0; at < relatives.length; at += BATCH) {
      const batch = relatives.slice(at, at + BATCH);
      if (!(await read(batch))) alone.push(...batch);
    }
    await mapBounded(alone, READERS, async (path) => {
      if (!(await read([path]))) hung.push(path);
    });
    return { texts, hung: hung.sort() };
  }

  /** `PATH:TEXT` lines; PCI addresses have colons, so the path is what is known of a line. */
  *#lines(output: string): Generator<[string, string]> {
    const prefix = join(this.root, '/');
    for (const line of output.split('\n')) {
      const colon = /:(?![^/]*\/)/.exec(line)?.index ?? -1;
      if (colon < 0 || !line.startsWith(prefix)) continue;
      yield [line.slice(prefix.length, colon), line.slice(colon + 1).trim()];
    }
  }
}

/**
 * What a file has, until it ends or there is too much. The kernel gives an attribute of sysfs with
 * one read (fs/kernfs/file.c), so a short answer there is all of it.
 */
async function readSome(path: string, oneRead: boolean): Promise<string> {
  const file = await open(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let length = 0; length < MAX_BYTES;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(16_384), 0, 16_384, null);
      if (bytesRead === 0) break;
      length += bytesRead;
      chunks.push(buffer.subarray(0, bytesRead));
      if (oneRead && bytesRead < buffer.length) break;
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    await file.close();
  }
}

function throwUnlessAbsent(error: unknown, relative: string): void {
  if (error instanceof NfvError) throw error;
  const errno = nodeErrno(error);
  if (ABSENT.includes(errno)) return;
  const denied = errno === 'EACCES' || errno === 'EPERM';
  throw new NfvError(
    denied ? 'NOT_PRIVILEGED' : 'KERNEL_REFUSED',
    `cannot read /${relative}: ${errno === '' ? String(error) : errno}`,
    { cause: error, metadata: { path: `/${relative}`, errno } },
  );
}

/** The kernel shows something that this version of nfvd cannot read. */
export function unexpected(relative: string, found: unknown, expected: string): NfvError {
  return new NfvError('KERNEL_REFUSED', `/${relative} has "${show(found)}", not ${expected}`, {
    metadata: { path: `/${relative}` },
  });
}
