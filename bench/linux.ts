/**
 * The kernel's dataplane beside one raw `bridge -batch` process with the same commands. The work
 * is done by `linux-worker.ts` inside a network namespace of its own.
 */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench, Figure } from './bench.js';

const WORKER = fileURLToPath(new URL('linux-worker.js', import.meta.url));
const NETNS = `nfvt${process.pid}bench`;

const run = promisify(execFile);

export const bench: Bench = {
  name: 'linux',
  async run(emit) {
    await run('ip', ['netns', 'add', NETNS]);
    try {
      // `ip netns exec` becomes the program it is given, so it can stand in for node.
      const worker = fork(WORKER, {
        execPath: 'ip',
        execArgv: ['netns', 'exec', NETNS, process.execPath],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      worker.on('message', (message: unknown) => {
        if (isFigure(message)) emit(message);
      });
      await once(worker, 'close');
      if (worker.exitCode !== 0) throw new Error('the worker failed');
    } finally {
      await run('ip', ['netns', 'del', NETNS]);
    }
  },
};

function isFigure(message: unknown): message is Figure {
  return typeof message === 'object' && message !== null && 'bench' in message;
}
