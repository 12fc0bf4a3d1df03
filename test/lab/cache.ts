/** What the guest is made of: Debian's packages, fetched once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../demo/run.js';

/** This machine cannot have a lab; the reason was told. */
export class NoLab extends Error {}

/** Of the sources, not of what was built from them: `test/lab/packages.sh`. */
export const SOURCES = fileURLToPath(new URL('../../../test/lab/', import.meta.url));
const CANNOT = 3;

export class Cache {
  readonly tools: string;
  readonly kernelVersion: string;

  private constructor(readonly path: string) {
    this.tools = join(path, 'tools');
    this.kernelVersion = readFileSync(join(path, 'kernel/version'), 'utf8').trim();
  }

  /** Fetches what is missing. @throws NoLab */
  static async fill(): Promise<Cache> {
    const home = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
    const path = process.env['NFVD_LAB_CACHE'] ?? join(home, 'nfvd-lab');
    const child = spawn(join(SOURCES, 'packages.sh'), [path], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended: unknown[] = await once(child, 'exit');
    if (ended[0] === CANNOT) throw new NoLab();
    if (ended[0] !== 0) throw new Error(`packages.sh ended with ${String(ended[0])}`);
    return new Cache(realpathSync(path));
  }

  get kernel(): string {
    const unpacked = join(this.path, 'kernel/boot/vmlinux');
    return existsSync(unpacked) ? unpacked : join(this.path, 'kernel/boot/vmlinuz');
  }

  get modules(): string {
    return join(this.path, 'kernel/usr/lib/modules', this.kernelVersion);
  }

  get busybox(): string {
    return join(this.tools, 'usr/bin/busybox');
  }

  /** The command line of one of the tools, `usr/bin/kmod`, with the loader and libraries they came with. */
  command(file: string, name: string, ...args: string[]): [string, string[]] {
    const libraries = join(this.tools, 'usr/lib/x86_64-linux-gnu');
    const loader = join(this.tools, 'lib64/ld-linux-x86-64.so.2');
    return [
      loader,
      ['--argv0', name, '--library-path', libraries, join(this.tools, file), ...args],
    ];
  }

  /** @returns what it printed */
  async tool(file: string, ...args: string[]): Promise<string> {
    return run(...this.command(file, basename(file), ...args));
  }

  /** Files of these modules and of those they need, in the order they are loaded in. */
  async moduleFiles(names: readonly string[]): Promise<string[]> {
    const args = ['-d', join(this.path, 'kernel'), '-S', this.kernelVersion, '-a'];
    const [command, words] = this.command('usr/bin/kmod', 'modprobe', ...args, '--show-depends');
    const listed = await run(command, [...words, ...names]);
    const files = listed.split('\n').flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []);
    return [...new Set(files)];
  }
}
