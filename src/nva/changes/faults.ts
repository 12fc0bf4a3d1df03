/** Everything that is wrong with a plan, gathered so that it is told at once. */
import { invalidFields, NfvError, type ErrorCode, type FieldViolation } from '../../errors.js';
import type { Wanted } from '../../model/changes.js';
import { COLLECTION_OF } from '../../model/changes.js';
import { formatName } from '../../model/names.js';
import type { Draft } from './draft.js';

/** Of a plan; of more the first are told. */
const MAX_FAULTS = 100;

/** What is wrong with the caller, the store or this program is not told with the rest. */
const ALONE: readonly ErrorCode[] = [
  'ACCESS_DENIED',
  'WRITE_CONFLICT',
  'CONFIRMATION_PENDING',
  'INTERNAL',
];

export class Faults {
  readonly #found: FieldViolation[] = [];
  readonly #codes = new Set<ErrorCode>();
  /** Names of resources that something is wrong with: who refers to them is not to blame. */
  readonly #failed = new Set<string>();
  readonly #fields = new Map<Draft, string>();

  constructor(private readonly wanted: readonly Wanted[]) {}

  /** Which wish a draft comes from. */
  name(draft: Draft, wish: Wanted): void {
    const index = this.wanted.indexOf(wish);
    this.#fields.set(draft, `changes[${index}].${'put' in wish ? 'put' : 'delete'}`);
  }

  /** The field that a draft comes from; its name where that is of no request. */
  fieldOf(draft: Draft): string {
    return this.#fields.get(draft) ?? formatName(COLLECTION_OF[draft.kind], draft.id);
  }

  /**
   * What goes wrong is gathered. Work that has no result says nothing of that: `throwIfAny` does.
   * @returns undefined also where something was wrong
   * @throws NfvError of the store
   */
  async attempt<T>(draft: Draft, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      const error = NfvError.from(thrown);
      if (ALONE.includes(error.code) || error.code.startsWith('STORE_')) throw error;
      const name = formatName(COLLECTION_OF[draft.kind], draft.id);
      const found = this.#violations(draft, name, error);
      this.#failed.add(name);
      if (found.length === 0) return undefined;
      this.#codes.add(error.code);
      this.#found.push(...found);
      return undefined;
    }
  }

  #violations(draft: Draft, name: string, error: NfvError): FieldViolation[] {
    const base = this.fieldOf(draft);
    if (error.violations.length === 0) {
      return [{ field: base, value: name, reason: error.message, remedy: error.remedy }];
    }
    return error.violations
      .filter(({ value }) => !this.#failed.has(value))
      .map((violation) => ({ ...violation, field: `${base}.${violation.field}` }));
  }

  /** One code where they all agree. */
  throwIfAny(): void {
    if (this.#found.length === 0) return;
    const [code = 'INVALID_FIELD', ...others] = this.#codes;
    const told = this.#found.slice(0, MAX_FAULTS);
    throw invalidFields(told, others.length === 0 ? code : 'INVALID_FIELD');
  }
}
