import type { StoreReader } from '../store/store.js';

/** What rules ask of a store: a hypothetical state answers as well (changes/overlay.ts). */
export type Reads = Pick<StoreReader, 'get' | 'range'>;
