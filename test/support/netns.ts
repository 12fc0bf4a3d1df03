/**
 * Network namespaces for tests. Their names begin with `nfvt` and have the test process's id, so
 * that what a killed run left behind is told from what another one is using.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { once } from 'node:events';
import type { Context } from 'mocha';
import { eventually } from './eventually.js';
import { skip } from './skip.js';

const FOLDER = '/run/netns';
let count = 0;
let swept = false;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a failure is in the answer. */
export function exec(
  file: string,
  args: readonly string[],
  input = '',
  as: {
    readonly uid?: number;
    readonly gid?: number;
    readonly env?: NodeJS.ProcessEnv;
    /** Milliseconds; default 30,000. */
    readonly timeout?: number;
  } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      [...args],
      { maxBuffer: 256 * 1024 * 1024, timeout: 30_000, ...as },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** Skips where namespaces cannot be made. */
export async function needNetns(context: Context): Promise<void> {
  if (process.getuid?.() !== 0) skip(context, 'network namespaces need root');
  const probe = await exec('unshare', ['--net', 'true']);
  if (probe.code !== 0) skip(context, `no network namespaces here: ${probe.stderr.trim()}`);
}

async function sweep(): Promise<void> {
  if (swept) return;
  swept = true;
  for (const name of names()) {
    const pid = /^nfvt(\d+)x\d+/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await exec('ip', ['netns', 'del', name]);
  }
}

function names(): string[] {
  try {
    return readdirSync(FOLDER);
  } catch {
    return [];
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

/** A name that no other test has. */
export function newName(): string {
  return `nfvt${process.pid}x${count++}`;
}

export class Netns {
  readonly #children = new Set<ChildProcess>();

  private constructor(readonly name: string) {}

  static async create(name = newName()): Promise<Netns> {
    await sweep();
    const made = await exec('ip', ['netns', 'add', name]);
    if (made.code !== 0) throw new Error(`ip netns add ${name}: ${made.stderr}`);
    const ns = new Netns(name);
    await ns.ip('link', 'set', 'dev', 'lo', 'up');
    return ns;
  }

  /** `ip` inside it; its words must not have spaces. */
  ip(...words: string[]): Promise<string> {
    return this.run('ip', ...words);
  }

  /** Runs a program inside it; @throws Error with what it said when it fails */
  async run(file: string, ...args: string[]): Promise<string> {
    const ran = await this.try(file, ...args);
    if (ran.code !== 0) {
      throw new Error(`${this.name}: ${file} ${args.join(' ')}: ${ran.stderr}${ran.stdout}`);
    }
    return ran.stdout;
  }

  try(file: string, ...args: string[]): Promise<Ran> {
    return exec('ip', ['netns', 'exec', this.name, file, ...args]);
  }

  /** What a program of iproute2 with -j answers. */
  async json(file: string, ...args: string[]): Promise<Record<string, unknown>[]> {
    const text = await this.run(file, '-j', '-d', ...args);
    const rows: unknown = text.trim() === '' ? [] : JSON.parse(text);
    return Array.isArray(rows) ? rows.filter(isRecord) : [];
  }

  /** Starts a program inside it; it is killed with the namespace. */
  spawn(file: string, ...args: string[]): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.name, file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    return child;
  }

  /** Removes it and what runs in it. */
  async close(): Promise<void> {
    for (const child of this.#children) await stop(child);
    await exec('ip', ['netns', 'del', this.name]);
  }
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * Interfaces that come into it have their IPv6 addresses at once. Else a kernel that sends on for others
 * asks nobody for a MAC until it has found its link-local address to be its own (ndisc_solicit of
 * net/ipv6/ndisc.c), which takes up to two seconds.
 */
export async function trustAddresses(ns: Netns): Promise<void> {
  await ns.run('sysctl', '-qw', 'net.ipv6.conf.default.accept_dad=0');
}

/** A cable between two namespaces. */
export async function cable(
  [a, nameA]: readonly [Netns, string],
  [b, nameB]: readonly [Netns, string],
  mtu = 1500,
): Promise<void> {
  const size = ['mtu', String(mtu)];
  const peer = ['peer', 'name', nameB, ...size, 'netns', b.name];
  await a.ip('link', 'add', 'name', nameA, ...size, 'type', 'veth', ...peer);
  await a.ip('link', 'set', 'dev', nameA, 'up');
  await b.ip('link', 'set', 'dev', nameB, 'up');
}

/** Frames that tcpdump sees on an interface of a namespace, one line for each. */
export class Capture {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  /** What it says of itself when it is sent SIGUSR1. */
  readonly #counts: { readonly captured: number; readonly received: number }[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (said + chunk).split('\n');
      said = parts.pop() ?? '';
      for (const line of parts) {
        const found = /^tcpdump: (\d+) packets? captured, (\d+) packets? received/.exec(line);
        if (found === null) continue;
        this.#counts.push({ captured: Number(found[1]), received: Number(found[2]) });
      }
    });
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts);
    });
  }

  /** Answers when tcpdump listens. */
  static async start(ns: Netns, device: string, filter = ''): Promise<Capture> {
    const options = ['-l', '-n', '-e', '-i', device, '--immediate-mode'];
    const child = ns.spawn('tcpdump', ...options, ...(filter === '' ? [] : [filter]));
    const capture = new Capture(child);
    await new Promise<void>((resolve, reject) => {
      let said = '';
      child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
        said += chunk;
        if (said.includes('listening on')) resolve();
      });
      child.once('close', () => {
        reject(new Error(`tcpdump: ${said}`));
      });
    });
    return capture;
  }

  /** Ends it, after it has printed what had been seen. */
  async stop(): Promise<string[]> {
    await eventually(() => this.#hasCaughtUp());
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGINT');
    await closed;
    return this.lines.filter((line) => line !== '');
  }

  /** All that its filter let through was read; on a loopback, which counts twice, as far as it goes. */
  #hasCaughtUp(): boolean {
    const [before, now] = this.#counts.slice(-2);
    if (now !== undefined && now.captured === now.received) return true;
    if (before !== undefined && before.captured === now?.captured) return true;
    this.#child.kill('SIGUSR1');
    return false;
  }
}
