export interface Figure {
  bench: string;
  case: string;
  value: number;
  unit: string;
  baseline: number | null;
  ratio: number | null;
}

export interface Options {
  /** Also what takes minutes. */
  readonly full: boolean;
}

export interface Bench {
  name: string;
  run(emit: (f: Figure) => void, options: Options): Promise<void>;
}

/** Emits one figure of a bench, rounded, with its ratio where there is a baseline. */
export type Emit = (name: string, value: number, unit: string, baseline?: number) => void;

export function figures(bench: string, emit: (f: Figure) => void): Emit {
  return (name, value, unit, baseline) => {
    emit({
      bench,
      case: name,
      value: round(value),
      unit,
      baseline: baseline === undefined ? null : round(baseline),
      ratio: baseline === undefined ? null : round(value / baseline),
    });
  };
}

const round = (n: number): number => Number(n.toPrecision(4));
