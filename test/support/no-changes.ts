import { NfvError } from '../../src/errors.js';
import type { ChangesApi } from '../../src/model/api.js';

/** Of an NVA that is older than plans and history. */
const refuse = (): Promise<never> =>
  Promise.reject(new NfvError('PROTOCOL_VERSION', 'this NVA has no such call'));

export const NO_CHANGES: ChangesApi = {
  plan: refuse,
  apply: refuse,
  confirm: refuse,
  list: refuse,
  get: refuse,
};
