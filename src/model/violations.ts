import { invalidFields, show, type ErrorCode, type FieldViolation } from '../errors.js';
import { ID_RULE, isId } from './names.js';

const MAX_LABELS = 32;
const LABEL_VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$|^$/;

/** Collects everything that is wrong with one request, so that it is told at once. */
export class Violations {
  readonly #found: FieldViolation[] = [];

  /** `base` is put before every field: `virtual_network`; empty: nothing is. */
  constructor(private readonly base: string) {}

  add(field: string, value: unknown, reason: string, remedy: string): void {
    const path = [this.base, field].filter((part) => part !== '').join('.');
    this.#found.push({ field: path, value: show(value), reason, remedy });
  }

  /**
   * The list if it is not too long; of one that is, as much as there may be: a message has room for hundreds of
   * thousands of entries, and to look at each beside all others would take minutes.
   * @param found what `length` of them are called
   */
  atMost<T>(
    field: string,
    list: readonly T[],
    most: number,
    found = `${list.length} of them`,
    remedy = `give at most ${most}`,
  ): readonly T[] {
    if (list.length <= most) return list;
    this.add(field, found, 'too many', remedy);
    return list.slice(0, most);
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  throwIfAny(code: ErrorCode = 'INVALID_FIELD'): void {
    if (this.any) throw invalidFields(this.#found, code);
  }
}

export function checkDisplayName(v: Violations, text: string): void {
  if (text.length > 120) {
    v.add('display_name', text, `${text.length} characters`, 'give at most 120 characters');
  }
  if (/\p{Cc}/u.test(text)) {
    v.add('display_name', text, 'has control characters', 'leave them out');
  }
}

export function checkId(v: Violations, field: string, id: string): void {
  if (!isId(id)) v.add(field, id, 'not an id', `give ${ID_RULE}`);
}

/** Ids in a list, at most so many, each once. */
export function checkIds(v: Violations, field: string, ids: readonly string[], most: number): void {
  for (const [i, id] of v.atMost(field, ids, most).entries()) {
    checkId(v, `${field}[${i}]`, id);
    if (ids.indexOf(id) < i) v.add(`${field}[${i}]`, id, 'given twice', 'give each once');
  }
}

/** `field`: what they are called. */
export function checkLabels(
  v: Violations,
  labels: Readonly<Record<string, string>>,
  field = 'labels',
): void {
  const all = Object.entries(labels);
  for (const [key, value] of v.atMost(field, all, MAX_LABELS, `${all.length} labels`)) {
    if (!isId(key)) v.add(field, key, 'not a label key', `give ${ID_RULE}`);
    if (!LABEL_VALUE.test(value)) {
      v.add(
        `${field}.${key}`,
        value,
        'not a label value',
        'give at most 63 characters of A-Z, a-z, 0-9, ".", "_" and "-", a letter or digit at both ends',
      );
    }
  }
}
