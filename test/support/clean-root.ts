/**
 * A root directory like this machine's, where anything may be changed: an overlay over `/` whose upper layer is in
 * memory, in mount and network namespaces of its own. It goes, with all that was written, when it is closed.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Context } from 'mocha';
import { exec, stop, type Ran } from './netns.js';
import { skip } from './skip.js';

/** Without $1/proc the programs in it would see nothing; what is in /run and /tmp is this machine's. */
const MAKE = `
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
mount -t tmpfs -o mode=0755 tmpfs "$1/root/run"
mount -t tmpfs -o mode=1777 tmpfs "$1/root/tmp"
mount --rbind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount -t sysfs sysfs "$1/root/sys"
ip link set dev lo up
echo made
exec sleep infinity
`;

const ENV = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C.UTF-8'] as const;

export type RootProcess = ChildProcessByStdio<null, Readable, Readable>;

export class CleanRoot {
  private constructor(
    /** On this machine; in the namespace alone it is the overlay's parent. */
    private readonly directory: string,
    private readonly holder: RootProcess,
  ) {}

  /** @param directory is there, and empty */
  static async create(context: Context, directory: string): Promise<CleanRoot> {
    if (process.getuid?.() !== 0) skip(context, 'an overlay over / needs root');
    mkdirSync(directory, { recursive: true });
    const args = ['--mount', '--net', '--ipc', 'sh', '-c', MAKE, 'sh', directory];
    const holder = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = await new Promise<string>((resolve) => {
      let err = '';
      holder.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
      holder.stdout.once('data', () => {
        resolve('');
      });
      holder.once('error', (error) => {
        resolve(error.message);
      });
      holder.once('close', () => {
        resolve(err.trim() || 'it ended');
      });
    });
    if (said !== '') skip(context, `no overlay over / can be made here: ${said}`);
    return new CleanRoot(directory, holder);
  }

  /** A file of this machine's view that is in it: through the holder's own root. */
  path(inside: string): string {
    return join(`/proc/${this.holder.pid ?? 0}/root`, this.directory, 'root', inside);
  }

  read(inside: string): string {
    return readFileSync(this.path(inside), 'utf8');
  }

  /** Runs a program in it, to its end. @param as `user:group` */
  run(words: readonly string[], as = 'root:root'): Promise<Ran> {
    const [file, ...args] = this.#words(words, as);
    return exec(file, args);
  }

  /** The same; @throws Error with what it said when it fails */
  async do(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(words);
    if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Becomes the program: its process is the one that is answered. */
  start(words: readonly string[], as = 'root:root'): RootProcess {
    const [file, ...args] = this.#words(words, as);
    return spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  #words(words: readonly string[], as: string): readonly [string, ...string[]] {
    const root = join(this.directory, 'root');
    const into = [`--target=${this.holder.pid ?? 0}`, '--mount', '--net', '--ipc'];
    return ['nsenter', ...into, 'chroot', `--userspec=${as}`, root, ...ENV, ...words];
  }

  /** What is not as on this machine, but for what was merely passed through. */
  changed(): string[] {
    const upper = join(`/proc/${this.holder.pid ?? 0}/root`, this.directory, 'upper');
    return filesBelow(upper, '').filter((path) => !isSameDirectory(join(upper, path), `/${path}`));
  }

  async close(): Promise<void> {
    if (this.holder.exitCode !== null) return;
    await stop(this.holder);
  }
}

function filesBelow(base: string, inside: string): string[] {
  return readdirSync(join(base, inside), { withFileTypes: true }).flatMap((entry) => {
    const path = join(inside, entry.name);
    return entry.isDirectory() ? [path, ...filesBelow(base, path)] : [path];
  });
}

function isSameDirectory(one: string, other: string): boolean {
  const there = lstatSync(other, { throwIfNoEntry: false });
  return lstatSync(one).isDirectory() && there?.isDirectory() === true;
}

/** Ends a process as systemd does; answers its exit status. */
export async function terminate(child: RootProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
  return child.exitCode;
}
