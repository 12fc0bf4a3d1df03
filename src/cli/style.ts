/** Colours, where there is somebody to see them. */
export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'bold' | 'dim';

const CODES: Record<Colour, [on: number, off: number]> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  bold: [1, 22],
  dim: [2, 22],
};

export type Paint = (colour: Colour, text: string) => string;

export const NO_PAINT: Paint = (_colour, text) => text;

export const ANSI_PAINT: Paint = (colour, text) => {
  const [on, off] = CODES[colour];
  return text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`;
};

/** https://no-color.org: any value that is not empty. */
export function paintFor(
  isTTY: boolean,
  env: Readonly<Record<string, string | undefined>>,
  allowed: boolean,
): Paint {
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return isTTY && allowed && !refused ? ANSI_PAINT : NO_PAINT;
}
