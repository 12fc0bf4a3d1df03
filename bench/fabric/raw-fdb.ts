/** The least that a MAC can cost: one line to a `bridge -batch` that runs, until the kernel tells. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Writable } from 'node:stream';
import { Netns } from '../../test/support/netns.js';
import { FdbWatch } from './fdb-watch.js';
import { macOf } from './model.js';

export class RawFdb {
  #count = 0;

  private constructor(
    private readonly ns: Netns,
    private readonly batch: ChildProcessByStdio<Writable, null, null>,
    private readonly watch: FdbWatch,
  ) {}

  static async start(): Promise<RawFdb> {
    const ns = await Netns.create();
    await ns.ip(...'link add name vx0 type vxlan id 1 local 127.0.0.1 dstport 4789'.split(' '));
    await ns.ip('link', 'set', 'dev', 'vx0', 'up');
    const watch = await FdbWatch.start(ns);
    const batch = spawn('bridge', ['-n', ns.name, '-force', '-batch', '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    return new RawFdb(ns, batch, watch);
  }

  /** Milliseconds. */
  async once(): Promise<number> {
    const mac = macOf(this.#count++);
    const start = performance.now();
    this.batch.stdin.write(`fdb replace ${mac} dev vx0 dst 10.0.0.2 self static extern_learn\n`);
    return (await this.watch.when(mac)) - start;
  }

  async stop(): Promise<void> {
    this.batch.stdin.end();
    await this.ns.close();
  }
}
