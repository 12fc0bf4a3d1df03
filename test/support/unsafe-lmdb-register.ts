/** For `node --import`: see unsafe-lmdb-hooks.ts. */
import { register } from 'node:module';

register('./unsafe-lmdb-hooks.js', import.meta.url);
