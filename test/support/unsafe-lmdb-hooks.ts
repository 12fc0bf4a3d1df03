/** A loader's hook: the store's own `import 'lmdb'` gets unsafe-lmdb.ts. */
import type { ResolveHook } from 'node:module';

export const resolve: ResolveHook = (specifier, context, next) => {
  const byStore = context.parentURL?.endsWith('/store/lmdb/environment.js') === true;
  if (specifier !== 'lmdb' || !byStore) return next(specifier, context);
  return { url: new URL('./unsafe-lmdb.js', import.meta.url).href, shortCircuit: true };
};
