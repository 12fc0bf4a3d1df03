/** The product's processes, as an operator starts them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Background, inNetns, run, tryRun, until, type Result } from './run.js';
import type { Host } from './world.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const NFVD = `${root}dist/src/main/nfvd.js`;
const NFVCTL = `${root}dist/src/main/nfvctl.js`;
const STATE = '/run/demo';

export const repository = (path: string): string => `${root}${path}`;

/** One daemon that can be killed and started again. */
export class Daemon {
  #process: Background | undefined;

  constructor(
    readonly name: string,
    private readonly command: readonly [string, readonly string[]],
    /** What it says when it is up, or who else can tell. */
    private readonly isUp: string | (() => Promise<boolean>),
  ) {}

  async start(): Promise<void> {
    const child = new Background(...this.command);
    this.#process = child;
    let isOver = false;
    void child.ended.then(() => (isOver = true));
    const { isUp } = this;
    await until(`${this.name} is up`, 15_000, () => {
      if (isOver) throw new Error(`it ended: ${child.output.slice(-2000)}`);
      return typeof isUp === 'string' ? child.output.includes(isUp) : isUp();
    });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal);
  }

  /** The last lines of its log. */
  get log(): string {
    return (this.#process?.output ?? '').split('\n').slice(-20).join('\n');
  }
}

export async function makeNva(): Promise<Daemon> {
  const config = `${STATE}/nva.yaml`;
  await writeFile(
    config,
    `dataDir: ${STATE}/nva\nlisten: [{ address: "unix:/run/nfvd/nva.sock" }]\n`,
  );
  return new Daemon('the NVA', [process.execPath, [NFVD, 'nva', '--config', config]], 'NVA is up');
}

const agentConfig = (host: Host): string => `${STATE}/${host.name}.yaml`;

/** @param more of its configuration */
export async function makeAgent(host: Host, more = ''): Promise<Daemon> {
  const { name } = host;
  await writeFile(
    agentConfig(host),
    `name: ${name}\nstateDir: ${STATE}/${name}\nlisten: [{ address: "unix:/run/nfvd/${name}.sock" }]\n${more}`,
  );
  const command = inNetns(name, process.execPath, NFVD, 'nve', '--config', agentConfig(host));
  return new Daemon(`the agent of ${name}`, command, 'NVE is up');
}

/** `nfvd nve plan` on a host. */
export function planOf(host: Host): Promise<string> {
  const config = agentConfig(host);
  return run(...inNetns(host.name, process.execPath, NFVD, 'nve', '--config', config, 'plan'));
}

export function nfvctl(args: readonly string[], input?: string): Promise<string> {
  return run(process.execPath, [NFVCTL, ...args], input === undefined ? {} : { input });
}

export function tryNfvctl(args: readonly string[], input?: string): Promise<Result> {
  return tryRun(process.execPath, [NFVCTL, ...args], input === undefined ? {} : { input });
}

/** A shell with `nfvd` and `nfvctl` on its path, until it is left. */
export async function shell(): Promise<void> {
  const bin = `${STATE}/bin`;
  await mkdir(bin);
  await symlink(NFVD, `${bin}/nfvd`);
  await symlink(NFVCTL, `${bin}/nfvctl`);
  await Promise.all([NFVD, NFVCTL].map((file) => chmod(file, 0o755)));
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, PS1: 'tour$ ' };
  const child = spawn('bash', ['--norc'], { stdio: 'inherit', env, cwd: root });
  await once(child, 'exit');
}
