/** One host: a network namespace with a real `nfvd nve` in it, and one for its guests. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { cable, Netns } from '../../test/support/netns.js';
import { FdbWatch } from './fdb-watch.js';
import { nveId, vtepOf } from './model.js';

const NFVD = fileURLToPath(new URL('../../src/main/nfvd.js', import.meta.url));

export class Agent {
  #process: ChildProcess | undefined;

  private constructor(
    readonly number: number,
    readonly ns: Netns,
    readonly guests: Netns,
    readonly fdb: FdbWatch,
  ) {}

  /** The host's part of the world; the agent is started by `start`. */
  static async create(number: number, wire: Netns): Promise<Agent> {
    const ns = await Netns.create();
    const guests = await Netns.create();
    await cable([ns, 'u0'], [wire, `to${number}`]);
    await wire.ip('link', 'set', 'dev', `to${number}`, 'master', 'wire');
    await ns.ip('addr', 'add', `${vtepOf(number)}/16`, 'dev', 'u0');
    return new Agent(number, ns, guests, await FdbWatch.start(ns));
  }

  async start(directory: string, nvaSocket: string): Promise<void> {
    const name = nveId(this.number);
    const config = join(directory, `${name}.yaml`);
    const stateDir = join(directory, name);
    const text = `name: ${name}\nstateDir: ${stateDir}\nnva: [{ address: "unix:${nvaSocket}" }]\nlisten: []\n`;
    await writeFile(config, text);
    // The first two hosts' agents can be profiled, as the NVA can.
    const profile = this.number < 2 ? process.env['NFVD_BENCH_PROFILE'] : undefined;
    const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    const child = this.ns.spawn(process.execPath, ...flags, NFVD, 'nve', '--config', config);
    this.#process = child;
    if (child.stdout === null) throw new Error('the agent has no output');
    child.stderr?.on('data', (text: Buffer) => process.stderr.write(text));
    let last = '';
    for await (const line of createInterface({ input: child.stdout })) {
      last = line;
      if (!line.includes('"NVE is up"')) continue;
      child.stdout.resume();
      return;
    }
    throw new Error(`${name} did not start: ${last}`);
  }

  /** Milliseconds of CPU that the agent and the processes of iproute2 it has ended have used. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.#process?.pid ?? 0}/stat`, 'utf8');
    // After the command in brackets: utime, stime, cutime, cstime are the 12th to the 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child?.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    await this.ns.close();
    await this.guests.close();
  }
}
