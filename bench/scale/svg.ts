/** Line charts as SVG, of nothing but text. Sizes are in pixels. */

export interface Series {
  readonly name: string;
  /** In the order of x. */
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dashed?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 380;
const PLOT = { left: 70, top: 40, right: 520, bottom: 330 };
/** Of Okabe and Ito, told apart by colour-blind people, too. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const TICKS = 5;

interface Axis {
  readonly ticks: readonly number[];
  /** From a value to 0 (the axis' beginning) to 1 (its end). */
  readonly place: (value: number) => number;
}

export function chart(given: Chart): string {
  const points = given.series.flatMap((series) => series.points);
  if (points.length === 0) throw new Error(`${given.title}: there is nothing to draw`);
  const x = axisFor(points.map(([value]) => value));
  const y = axisFor(points.map(([, value]) => value));
  const parts = [
    text(PLOT.left, 22, given.title, 'font-weight="bold"'),
    text((PLOT.left + PLOT.right) / 2, HEIGHT - 10, given.x, 'text-anchor="middle"'),
    text(PLOT.left, PLOT.top - 6, given.y, 'text-anchor="end"'),
    ...x.ticks.flatMap((tick) => xTick(tick, px(x, tick))),
    ...y.ticks.flatMap((tick) => yTick(tick, py(y, tick))),
    ...given.series.flatMap((series, n) => curve(series, n, x, y)),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

const px = (axis: Axis, value: number): number =>
  Math.round(PLOT.left + axis.place(value) * (PLOT.right - PLOT.left));
const py = (axis: Axis, value: number): number =>
  Math.round(PLOT.bottom - axis.place(value) * (PLOT.bottom - PLOT.top));

/** From 0 to a round number. */
function axisFor(values: readonly number[]): Axis {
  const most = Math.max(...values, Number.MIN_VALUE);
  const power = 10 ** Math.floor(Math.log10(most / TICKS));
  const step = ([1, 2, 5, 10].find((n) => n * power * TICKS >= most) ?? 10) * power;
  const count = Math.ceil(most / step);
  const ticks = Array.from({ length: count + 1 }, (_, n) => Number((n * step).toPrecision(6)));
  return { ticks, place: (value) => value / (count * step) };
}

function xTick(tick: number, x: number): string[] {
  return [
    line([x, PLOT.top], [x, PLOT.bottom]),
    text(x, PLOT.bottom + 16, label(tick), 'text-anchor="middle"'),
  ];
}

function yTick(tick: number, y: number): string[] {
  return [
    line([PLOT.left, y], [PLOT.right, y]),
    text(PLOT.left - 8, y + 4, label(tick), 'text-anchor="end"'),
  ];
}

function curve({ name, points, dashed }: Series, n: number, x: Axis, y: Axis): string[] {
  const colour = COLOURS[n % COLOURS.length] ?? '#000';
  const dash = dashed === true ? ' stroke-dasharray="6 4"' : '';
  const places = points.map(([a, b]) => [px(x, a), py(y, b)] as const);
  const path = places.map(([a, b]) => `${a},${b}`).join(' ');
  const legend = PLOT.top + 10 + n * 20;
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`,
    ...places.map(([a, b]) => `<circle cx="${a}" cy="${b}" r="3" fill="${colour}"/>`),
    `<line x1="${PLOT.right + 14}" y1="${legend}" x2="${PLOT.right + 38}" y2="${legend}" stroke="${colour}" stroke-width="2"${dash}/>`,
    text(PLOT.right + 44, legend + 4, name),
  ];
}

const line = (from: readonly [number, number], to: readonly [number, number]): string =>
  `<line x1="${from[0]}" y1="${from[1]}" x2="${to[0]}" y2="${to[1]}" stroke="#ddd"/>`;

const label = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 6 });

function text(x: number, y: number, content: string, more = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}"${more === '' ? '' : ` ${more}`}>${escaped}</text>`;
}
