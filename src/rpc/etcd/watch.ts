/** One watch on one member. */
import type { Metadata } from '@grpc/grpc-js';
import { NfvError } from '../../errors.js';
import type { WatchResponse__Output } from '../gen/etcdserverpb/WatchResponse.js';
import { eventFromWire } from './convert.js';
import type { Member } from './members.js';
import type { EtcdWatchAnswer, EtcdWatchRequest } from './types.js';

export interface WatchSignals {
  /** Ends it without an error. */
  readonly stop: AbortSignal;
  /** The member is no longer asked. */
  readonly left: AbortSignal;
}

/**
 * Ends by `stop`, or after what tells that history was compacted.
 * @throws ServiceError of gRPC; NfvError STORE_UNREACHABLE, STORE_REFUSED
 */
export async function* watchMember(
  { watch, target }: Member,
  metadata: Metadata,
  { key, end, start }: EtcdWatchRequest,
  { stop, left }: WatchSignals,
): AsyncGenerator<EtcdWatchAnswer> {
  const isStopped = (): boolean => stop.aborted;
  if (isStopped()) return;
  // A member that has lost its leader is to end the stream, not to fall silent.
  metadata.set('hasleader', 'true');
  const call = watch.Watch(metadata);
  const cancel = (): void => {
    call.cancel();
  };
  for (const signal of [stop, left]) signal.addEventListener('abort', cancel, { once: true });
  call.write({
    create_request: {
      key,
      ...(end === undefined ? {} : { range_end: end }),
      start_revision: start,
      prev_kv: true,
      fragment: true,
    },
  });
  try {
    const answers: AsyncIterable<WatchResponse__Output> = call;
    for await (const answer of answers) {
      const { events, canceled, compact_revision: compactRevision } = answer;
      if (canceled && compactRevision > 0) {
        yield { kind: 'compacted', compactRevision };
        return;
      }
      if (canceled) throw cancelled(answer, target);
      if (events.length === 0) continue;
      yield {
        kind: 'events',
        events: events.flatMap(eventFromWire),
        isPart: answer.fragment,
      };
    }
    throw new NfvError('STORE_UNREACHABLE', `etcd ${target}: the watch ended`);
  } catch (thrown) {
    if (!isStopped()) throw thrown;
  } finally {
    for (const signal of [stop, left]) signal.removeEventListener('abort', cancel);
    // Its failure is what we asked for.
    call.on('error', () => undefined);
    call.cancel();
  }
}

function cancelled({ cancel_reason: reason }: WatchResponse__Output, target: string): NfvError {
  const code = /permission denied|auth/.test(reason) ? 'STORE_REFUSED' : 'STORE_UNREACHABLE';
  return new NfvError(code, `etcd ${target}: the watch ended: ${reason}`);
}
