/** When a MAC gets into the kernel's FDB of a host, as the kernel itself tells it. */
import type { Netns } from '../../test/support/netns.js';
import { eventually } from '../../test/support/eventually.js';
import { createInterface } from 'node:readline';

/** An entry of a VXLAN device, with the remote VTEP; bridge/fdb.c, print_fdb. */
const ENTRY = /^(\S+) dev \S+ dst \S+ .*\bself\b/;
const TIMEOUT_MS = 120_000;

export class FdbWatch {
  /** By MAC, when it was seen first. */
  readonly #seen = new Map<string, number>();
  readonly #waiting = new Map<string, (at: number) => void>();

  private constructor() {
    // Made by `start`.
  }

  /** Listens in a namespace in which nobody else does yet. */
  static async start(ns: Netns): Promise<FdbWatch> {
    const watch = new FdbWatch();
    const monitor = ns.spawn('bridge', 'monitor', 'fdb');
    if (monitor.stdout === null) throw new Error('bridge monitor has no output');
    createInterface({ input: monitor.stdout }).on('line', (line) => {
      watch.#line(line);
    });
    await eventually(async () => {
      const sockets = await ns.run('cat', '/proc/net/netlink');
      // Protocol 0 is rtnetlink; the third number its multicast groups.
      return sockets.split('\n').some((line) => / 0 +\d+ +(?!00000000)[0-9a-f]{8} /.test(line));
    });
    return watch;
  }

  /** The time, as of `performance.now()`, at which the MAC was first there. */
  async when(mac: string): Promise<number> {
    const seen = this.#seen.get(mac);
    if (seen !== undefined) return seen;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(`${mac} did not come within ${TIMEOUT_MS} ms`));
      }, TIMEOUT_MS);
      this.#waiting.set(mac, (at) => {
        clearTimeout(late);
        resolve(at);
      });
    });
  }

  #line(line: string): void {
    const mac = ENTRY.exec(line)?.[1];
    if (mac === undefined || this.#seen.has(mac)) return;
    const now = performance.now();
    this.#seen.set(mac, now);
    this.#waiting.get(mac)?.(now);
    this.#waiting.delete(mac);
  }
}
