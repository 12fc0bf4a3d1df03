/** The guest's first file tree: enough to reach the file tree of this machine. */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../../demo/run.js';
import { SOURCES, type Cache } from './cache.js';

const EARLY = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay'];
/** In place of udev. */
const LOAD = ['virtio_blk', 'ext4', 'ahci', 'e1000', 'igb', 'igbvf'];

export interface Job {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Where the guest mounts the disk that it shares with the boots after it. */
export const DISK_AT = '/var/lib/nfvd';
/** What the job wants to hand out besides its output. */
export const REPORT = '/run/lab/report.json';

/** @returns its path, in `dir` */
export async function makeInitrd(cache: Cache, dir: string, job: Job): Promise<string> {
  const tree = join(dir, 'initrd');
  for (const name of ['bin', 'dev', 'proc', 'sys', 'below', 'above', 'tree', 'lab/early']) {
    mkdirSync(join(tree, name), { recursive: true });
  }
  copyFileSync(cache.busybox, join(tree, 'bin/busybox'));
  copyFileSync(join(SOURCES, 'guest/init'), join(tree, 'init'));
  chmodSync(join(tree, 'init'), 0o755);
  copyFileSync(join(SOURCES, 'guest/main'), join(tree, 'lab/main'));
  for (const [i, file] of (await cache.moduleFiles(EARLY)).entries()) {
    await unpackModule(cache, file, join(tree, `lab/early/${100 + i}-`));
  }
  writeFileSync(join(tree, 'lab/settings'), settings(cache));
  writeFileSync(join(tree, 'lab/job'), script(job));
  const packed = join(dir, 'initrd.cpio');
  const busybox = cache.busybox;
  await run('sh', [
    '-c',
    `cd "$1" && "$2" find . | "$2" cpio -o -H newc > "$3"`,
    'sh',
    tree,
    busybox,
    packed,
  ]);
  return packed;
}

async function unpackModule(cache: Cache, file: string, prefix: string): Promise<void> {
  const name = basename(file);
  if (!name.endsWith('.xz')) {
    copyFileSync(file, `${prefix}${name}`);
    return;
  }
  const [command, args] = cache.command('usr/bin/xz', 'xz', '-dc', file);
  const target = `${prefix}${name.slice(0, -'.xz'.length)}`;
  await run('sh', ['-c', 'out=$1; shift; "$@" > "$out"', 'sh', target, command, ...args]);
}

function settings(cache: Cache): string {
  const values = {
    kernel: cache.kernelVersion,
    modules: cache.modules,
    tools: cache.tools,
    load: LOAD.join(' '),
    state: DISK_AT,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${quote(value)}\n`)
    .join('');
}

function script({ command, env }: Job): string {
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
  return [
    `cd ${quote(process.cwd())} || exit 125`,
    ...exports,
    `exec ${command.map(quote).join(' ')}`,
    '',
  ].join('\n');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
