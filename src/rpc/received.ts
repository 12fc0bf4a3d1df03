/** What a server streams, until it ends or who reads has gone. */
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { Unary } from './unary.js';

/** Ends without an error when the signal aborts. @throws NfvError what the stream failed with */
export async function* received<Message>(
  stream: ClientReadableStream<Message>,
  unary: Pick<Unary, 'mapError'>,
  signal: AbortSignal,
): AsyncGenerator<Message> {
  const cancel = (): void => {
    stream.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  const messages: AsyncIterable<Message> = stream;
  try {
    yield* messages;
  } catch (error) {
    if (!signal.aborted) throw unary.mapError(error, signal);
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.cancel();
  }
}
