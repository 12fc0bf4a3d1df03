/**
 * The NVA: from the attach of an endpoint to the word that every NVE of its network has applied it,
 * through a real `nfvd nva` process, its store, and gRPC on a unix socket; the compiler by itself;
 * and the start with everything in the store. NVEs are fakes in this process that speak the real
 * protocol and apply at once, so that what is measured is the NVA. NFVD_BENCH_DIR is where the
 * files go: on a tmpfs a sync costs nothing, and the figures say less. NFVD_BENCH_PROFILE is a
 * directory that gets CPU profiles of the NVA.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figures, type Bench, type Emit } from './bench.js';
import { attach } from './nva/attach.js';
import { compile } from './nva/compile.js';
import { NvaDaemon } from './nva/daemon.js';
import { fill } from './nva/fill.js';
import { Overlay } from './nva/overlay.js';

const SMALL = 2500;
const LARGE = 25_000;
const HUGE = 100_000;

export const bench: Bench = {
  name: 'nva',
  async run(emitFigure, { full }) {
    const emit = figures(bench.name, emitFigure);
    compile(new Overlay(LARGE), emit);
    const empty = await inDirectory(async (directory) => {
      const daemon = await NvaDaemon.start(directory);
      const cost = await costOf(daemon);
      await daemon.stop();
      return cost;
    });
    for (const size of full ? [SMALL, LARGE, HUGE] : [SMALL, LARGE]) {
      await inDirectory((directory) => atSize(directory, new Overlay(size), empty, emit));
    }
  },
};

interface Cost {
  readonly seconds: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

async function costOf(daemon: NvaDaemon): Promise<Cost> {
  const { startSeconds } = daemon;
  return { seconds: startSeconds, cpuMs: await daemon.cpuMs(), rssMb: await daemon.peakRssMb() };
}

async function atSize(directory: string, overlay: Overlay, empty: Cost, emit: Emit): Promise<void> {
  await fill(directory, overlay);
  const daemon = await NvaDaemon.start(directory);
  try {
    const { seconds, cpuMs, rssMb } = await costOf(daemon);
    const about = `${overlay.endpoints} endpoints; ratio to an empty store`;
    emit(`start of nfvd nva, ${about}`, seconds, 's', empty.seconds);
    emit(`CPU of the start, ${about}`, cpuMs / 1000, 's', empty.cpuMs / 1000);
    emit(`peak RSS once started, ${about}`, rssMb, 'MB', empty.rssMb);
    if (overlay.endpoints < HUGE) await attach(overlay, daemon, directory, emit);
  } finally {
    await daemon.stop();
  }
}

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(process.env['NFVD_BENCH_DIR'] ?? tmpdir(), 'nfvd-bench-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
