/** Values of flags. Each throws NfvError INVALID_FIELD named after its flag. */
import { invalidField } from '../../errors.js';
import { ID_RULE, isId } from '../../model/names.js';
import type { Labels } from '../../model/resource.js';

/** For commander: a flag that may be given several times. */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** All values of a flag that may be repeated; one empty value is an empty list. */
export function listOf(values: readonly string[]): string[] {
  return values.length === 1 && values[0] === '' ? [] : [...values];
}

/** A whole number within bounds that the protocol can carry. */
export function integerOf(
  flag: string,
  text: string,
  [min, max]: readonly [min: number, max: number],
  what = 'out of range',
  remedy = `give ${min}-${max}`,
): number {
  if (!/^\d{1,15}$/.test(text)) throw invalidField(flag, text, 'not a whole number', remedy);
  const value = Number(text);
  if (value < min || value > max) throw invalidField(flag, text, what, remedy);
  return value;
}

/** `head-end`, `HEAD_END`, … as the model has it. */
export function choiceOf<T extends string>(flag: string, text: string, known: readonly T[]): T {
  const wanted = text.toUpperCase().replaceAll('-', '_');
  const found = known.find((value) => value === wanted);
  if (found !== undefined) return found;
  const names = known.map((value) => value.toLowerCase().replaceAll('_', '-')).join(', ');
  throw invalidField(flag, text, 'not one of those allowed', `give one of ${names}`);
}

/** Labels after `key=value` (set) and `key-` (take away), as `kubectl label` has it. */
export function editLabels(labels: Labels, edits: readonly string[]): Labels {
  const result = new Map(Object.entries(labels));
  for (const edit of edits) {
    const [, key = '', value] = /^([^=]*?)(?:=(.*)|-)$/s.exec(edit) ?? [];
    if (!isId(key)) {
      const remedy = `give key=value, or key- to take it away; a key is ${ID_RULE}`;
      throw invalidField('--label', edit, 'not a label', remedy);
    }
    if (value === undefined) result.delete(key);
    else result.set(key, value);
  }
  return Object.fromEntries(result);
}
