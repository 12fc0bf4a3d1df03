/** Commands of one program, for one operation; all methods reject as those of `Batch`. */
export interface Door {
  run(...words: string[]): Promise<void>;
  query(...words: string[]): Promise<unknown>;
  queryText(...words: string[]): Promise<string>;
}
