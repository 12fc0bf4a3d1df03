import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory of its own for a test, with files in it. */
export class TempFiles {
  private constructor(readonly directory: string) {}

  static async create(): Promise<TempFiles> {
    return new TempFiles(await mkdtemp(join(tmpdir(), 'nfvt-files-')));
  }

  /** The path of a file, relative to the directory. */
  path(name: string): string {
    return join(this.directory, name);
  }

  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = this.path(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    return path;
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true });
  }
}
