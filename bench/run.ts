/**
 * Runs the benchmarks: all, or those named; `--full` with what takes minutes. `--json` prints one JSON object a figure:
 * {"bench","case","value","unit","baseline","ratio"}. A figure counts as the ratio to its baseline in
 * the same run; absolute values are those of this machine.
 */
import type { Bench, Figure } from './bench.js';
import { bench as agent } from './agent.js';
import { bench as fabric } from './fabric.js';
import { bench as linux } from './linux.js';
import { bench as nva } from './nva.js';
import { bench as reconcile } from './reconcile.js';
import { bench as scale } from './scale.js';
import { bench as store } from './store.js';
import { bench as vppApi } from './vpp-api.js';
import { bench as vppCodec } from './vpp-codec.js';
import { bench as vppDataplane } from './vpp-dataplane.js';

const BENCHES: readonly Bench[] = [
  store,
  reconcile,
  nva,
  scale,
  linux,
  agent,
  fabric,
  vppCodec,
  vppApi,
  vppDataplane,
];

function format(figure: Figure): string {
  const number = (value: number): string =>
    value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
  const ratio =
    figure.ratio === null
      ? ''
      : `  ratio ${figure.ratio.toPrecision(3)} to ${number(figure.baseline ?? 0)}`;
  return `${figure.bench.padEnd(10)} ${figure.case.padEnd(60)} ${number(figure.value).padStart(12)} ${figure.unit}${ratio}`;
}

async function main(args: readonly string[]): Promise<void> {
  const json = args.includes('--json');
  const full = args.includes('--full');
  const names = args.filter((arg) => arg !== '--json' && arg !== '--full');
  const unknown = names.filter((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    const known = BENCHES.map(({ name }) => name).join(', ');
    throw new Error(`no bench ${unknown.join(', ')}; there are ${known}`);
  }
  for (const bench of BENCHES) {
    if (names.length > 0 && !names.includes(bench.name)) continue;
    await bench.run(
      (figure) => {
        process.stdout.write(`${json ? JSON.stringify(figure) : format(figure)}\n`);
      },
      { full },
    );
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
