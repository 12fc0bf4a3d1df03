/**
 * How the NVA grows: 50 to 2,000 NVEs with 50 endpoints each, in networks over 5 to 100 NVEs. The NVA is a real
 * `nfvd nva` process with the embedded store; the NVEs speak the protocol over gRPC, each on a connection
 * of its own, from processes of their own, and apply at once. The baseline is as many bare gRPC streams,
 * with the same bytes.
 *
 * NFVD_BENCH_NVES has the numbers of NVEs, 50,200 where it is not set (with `--full` 50,200,500,2000);
 * NFVD_BENCH_DIR is where the files go, as in nva.ts. docs/performance.md has the figures.
 */
import { figures, type Bench } from './bench.js';
import { load } from './scale/load.js';
import { resync } from './scale/resync.js';
import { Size } from './scale/size.js';

const SIZES = [50, 200];
const ALL_SIZES = [50, 200, 500, 2000];
/** Fewer than the members of most networks say little; more than this are no agents of one NVA. */
const LIMITS = { min: 20, max: 10_000 };

export const bench: Bench = {
  name: 'scale',
  async run(emitFigure, { full }) {
    const emit = figures(bench.name, emitFigure);
    for (const nves of sizes(full)) await new Size(nves, emit).run();
    await resync(emit);
    if (full) await load(emit);
  },
};

function sizes(full: boolean): readonly number[] {
  const text = process.env['NFVD_BENCH_NVES'];
  if (text === undefined) return full ? ALL_SIZES : SIZES;
  return text.split(',').map((part) => {
    const nves = Number(part);
    if (Number.isInteger(nves) && nves >= LIMITS.min && nves <= LIMITS.max) return nves;
    throw new Error(`NFVD_BENCH_NVES: ${part} is no number of NVEs, ${LIMITS.min}-${LIMITS.max}`);
  });
}
