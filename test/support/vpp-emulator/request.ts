import type { Message } from './definitions.js';
import { isList, isValues, type Value, type Values } from './wire.js';

/** Where the answers to a request go. */
export interface Answers {
  /** Sends the request's reply; without a `retval` it is 0. */
  reply(values?: Values): void;
  /** Sends one of the request's details. */
  details(values: Values): void;
}

/** A request with its fields at hand: `num('route.table_id')`. */
export class Request implements Answers {
  constructor(
    readonly message: Message,
    readonly values: Values,
    readonly clientIndex: number,
    private readonly answers: Answers,
  ) {}

  get name(): string {
    return this.message.name;
  }

  reply(values: Values = {}): void {
    this.answers.reply(values);
  }

  retval(retval: number, values: Values = {}): void {
    this.answers.reply({ retval, ...values });
  }

  details(values: Values): void {
    this.answers.details(values);
  }

  num(path: string): number {
    const value = this.#get(path);
    if (typeof value !== 'number') throw this.#wrong(path);
    return value;
  }

  text(path: string): string {
    const value = this.#get(path);
    if (typeof value !== 'string') throw this.#wrong(path);
    return value;
  }

  flag(path: string): boolean {
    const value = this.#get(path);
    if (typeof value !== 'boolean') throw this.#wrong(path);
    return value;
  }

  list(path: string): readonly Value[] {
    const value = this.#get(path);
    if (!isList(value)) throw this.#wrong(path);
    return value;
  }

  struct(path: string): Values {
    const value = this.#get(path);
    if (!isValues(value)) throw this.#wrong(path);
    return value;
  }

  has(path: string): boolean {
    return this.#get(path) !== undefined;
  }

  #get(path: string): Value | undefined {
    let value: Value | undefined = this.values;
    for (const name of path.split('.')) {
      if (!isValues(value)) return undefined;
      value = value[name];
    }
    return value;
  }

  #wrong(path: string): Error {
    return new Error(`${this.name} has no such field ${path}`);
  }
}
