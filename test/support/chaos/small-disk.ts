/** A small file system of its own, to be filled. What a killed run left mounted is told by its name. */
import { readFileSync } from 'node:fs';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec } from '../netns.js';

const nameOf = (pid: number): string => `nfvt${pid}`;

export class SmallDisk {
  private constructor(readonly path: string) {}

  static async mount(path: string, mib: number): Promise<SmallDisk> {
    await sweep();
    await mkdir(path, { recursive: true });
    const options = `size=${mib}m,mode=700`;
    await must('mount', ['-t', 'tmpfs', '-o', options, nameOf(process.pid), path]);
    return new SmallDisk(path);
  }

  /** Takes all the room that is left. */
  async fill(): Promise<void> {
    const { bavail, bsize } = await statfs(this.path);
    const part = Buffer.alloc(bsize * 16);
    for (let left = bavail * bsize; left > 0; left -= part.length) {
      // Others write, too: what does not fit any more is what it is about.
      const flag = 'a';
      const isFull = await writeFile(this.#ballast, part, { flag }).then(
        () => false,
        () => true,
      );
      if (isFull) return;
    }
  }

  async clear(): Promise<void> {
    await rm(this.#ballast, { force: true });
  }

  /** What still runs there is to end first. */
  async unmount(): Promise<void> {
    await must('umount', ['-l', this.path]);
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }
}

/** Takes away those of processes that are gone. */
async function sweep(): Promise<void> {
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [source = '', path = ''] = line.split(' ');
    const pid = /^nfvt(\d+)$/.exec(source)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await must('umount', ['-l', path]);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function must(file: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await exec(file, args);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
}
