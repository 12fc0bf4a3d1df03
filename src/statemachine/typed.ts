/**
 * A type for xstate's `setup({ types })`, which looks at nothing but the type.
 * @returns undefined at run time
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function typed<T>(): T {
  // xstate never reads the value (stately.ai/docs/setup).
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions
  return undefined as T;
}
