export interface Figure {
  bench: string;
  case: string;
  value: number;
  unit: string;
  baseline: number | null;
  ratio: number | null;
}

export interface Bench {
  name: string;
  run(emit: (f: Figure) => void): Promise<void>;
}
