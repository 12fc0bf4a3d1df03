/**
 * Draws how the NVA grows: `node dist/bench/scale/plot.js docs/plots/scale.jsonl docs/plots`, of the lines that
 * `node dist/bench/run.js scale --json` prints. Writes one SVG for each chart.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { chart, type Chart, type Series } from './svg.js';

const lineSchema = z.object({
  case: z.string(),
  value: z.number(),
  baseline: z.number().nullable(),
});
type Line = z.infer<typeof lineSchema>;

interface Wanted {
  readonly name: string;
  /** Of the case, up to the number of NVEs. */
  readonly of: string;
  /** The baseline of it, not the value. */
  readonly baseline?: true;
}

const BARE = { name: 'bare streams', baseline: true } as const;
const APPLIED = 'attach to applied';

const CHARTS: Readonly<Record<string, Pick<Chart, 'title' | 'y'> & { of: readonly Wanted[] }>> = {
  'attach-to-applied': {
    title: 'From the attach of an endpoint to applied on all NVEs of its network',
    y: 'ms',
    of: [
      ...['p50', 'p90', 'p99'].map((p) => ({ name: p, of: `${APPLIED}, ${p}` })),
      { ...BARE, name: 'bare streams, p50', of: `${APPLIED}, p50` },
    ],
  },
  'attach-by-network': {
    title: 'The same, p50, by the number of NVEs in the network',
    y: 'ms',
    of: [5, 10, 20, 50, 100].map((members) => ({
      name: `network of ${members}`,
      of: `${APPLIED}, network of ${members}, p50`,
    })),
  },
  'attach-cpu': {
    title: 'CPU of the NVA for an attach',
    y: 'ms',
    of: [
      { name: 'one by one, all networks', of: 'attach: CPU of the NVA' },
      { name: 'one by one, network of 5', of: 'attach, network of 5: CPU of the NVA' },
      { name: '32 callers, all networks', of: 'attach, 32 callers: CPU of the NVA' },
    ],
  },
  'attach-bytes': {
    title: 'Bytes that the NVA sends for an attach',
    y: 'bytes',
    of: [
      { name: 'to all NVEs', of: 'attach: bytes to all NVEs' },
      { name: 'to an NVE of its network', of: 'attach: bytes to an NVE of its network' },
    ],
  },
  recovery: {
    title: 'Until all NVEs are in sync',
    y: 's',
    of: [
      { name: 'kill -9 of the NVA', of: 'kill -9 of the NVA: until all in sync' },
      { name: 'all reconnect', of: 'all reconnect: until in sync' },
      { name: 'all sent to empty NVEs', of: 'first connect, all sent: until in sync' },
      { ...BARE, name: 'bare: kill -9', of: 'kill -9 of the NVA: until all in sync' },
      { ...BARE, name: 'bare: all reconnect', of: 'all reconnect: until in sync' },
    ],
  },
  memory: {
    title: 'Memory of the NVA, resident',
    y: 'MB',
    of: [{ name: 'all connected', of: 'RSS of the NVA with all connected' }],
  },
};

/** The charts, by the names of their files. @param text JSON lines */
export function charts(text: string): ReadonlyMap<string, string> {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => lineSchema.parse(JSON.parse(line)));
  return new Map(
    Object.entries(CHARTS).map(([file, { of, ...rest }]) => {
      const series = of.map((wanted) => seriesOf(wanted, lines));
      return [`${file}.svg`, chart({ ...rest, x: 'NVEs, 50 endpoints each', series })];
    }),
  );
}

function seriesOf({ name, of, baseline }: Wanted, lines: readonly Line[]): Series {
  const points = lines.flatMap((line): [number, number][] => {
    const [, what = '', nves = ''] = /^(.*), (\d+) NVEs$/.exec(line.case) ?? [];
    if (what !== of) return [];
    return [[Number(nves), baseline === true ? (line.baseline ?? NaN) : line.value]];
  });
  points.sort(([a], [b]) => a - b);
  return { name, points, ...(baseline === true ? { dashed: true } : {}) };
}

async function main([from, to]: readonly string[]): Promise<void> {
  if (from === undefined || to === undefined) throw new Error('usage: plot.js RESULTS DIRECTORY');
  for (const [file, svg] of charts(await readFile(from, 'utf8'))) {
    await writeFile(join(to, file), svg);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(process.argv.slice(2));
}
