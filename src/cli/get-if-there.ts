import { NfvError } from '../errors.js';
import type { ResourceApi } from '../model/api.js';
import type { Session } from './session.js';

export async function getIfThere<Spec, R>(
  session: Session,
  api: ResourceApi<Spec, R>,
  id: string,
): Promise<R | undefined> {
  try {
    return await session.retry(() => api.get(id, session.call));
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
