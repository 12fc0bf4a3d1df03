/** One southbound stream, the same from both ends: typed, with backpressure, with one end. */
import type { ClientDuplexStream, ServerDuplexStream } from '@grpc/grpc-js';
import { NfvError } from '../errors.js';
import { peerOf } from './peer.js';

export interface SessionStream<In, Out> {
  /** The peer's address, for people. */
  readonly peer: string;
  /** Aborts when the stream is over, for whatever reason. */
  readonly signal: AbortSignal;
  /**
   * The peer's messages; to be iterated once. Ends when the peer has no more to say.
   * @throws NfvError when the stream broke or a message could not be read.
   */
  readonly incoming: AsyncIterable<In>;
  /**
   * Resolves when the transport would take another message: a slow peer slows its sender.
   * @throws NfvError CANCELLED when the stream is over.
   */
  send(message: Out): Promise<void>;
  /** Ends the stream: a server's peer gets the error, a client cancels with one. */
  end(error?: NfvError): void;
}

type Duplex<WireIn, WireOut> =
  ServerDuplexStream<WireIn, WireOut> | ClientDuplexStream<WireOut, WireIn>;

export interface StreamOptions<In, Out, WireIn, WireOut> {
  readonly call: Duplex<WireIn, WireOut>;
  readonly decode: (wire: WireIn) => In;
  readonly encode: (message: Out) => WireOut;
  /** What `call` itself failed with, in our terms. */
  readonly mapError: (thrown: unknown) => NfvError;
  /** How the stream ends: tells the peer. */
  readonly finish: (error: NfvError | undefined) => void;
}

export function sessionStream<In, Out, WireIn, WireOut>(
  options: StreamOptions<In, Out, WireIn, WireOut>,
): SessionStream<In, Out> {
  const { call } = options;
  const over = new AbortController();
  let ended = false;
  let reason: NfvError | undefined;
  const abort = (): void => {
    over.abort(new NfvError('CANCELLED', 'the session is over'));
  };
  call.once('close', abort);
  call.once('end', abort);
  call.once('cancelled', abort);
  // Every failure also reaches `incoming`; a sender is to hear the same.
  call.on('error', (thrown: unknown) => {
    over.abort(reason ?? options.mapError(thrown));
  });
  return {
    peer: peerOf(call),
    signal: over.signal,
    incoming: received(options, () => reason),
    send: (message) => write(call, options.encode(message), over.signal),
    end(error) {
      // Also when the peer has closed its half: it waits for ours.
      if (ended) return;
      ended = true;
      reason = error;
      options.finish(error);
      abort();
    },
  };
}

/**
 * What a server's end of a stream failed with. Where gRPC itself ends a stream, on a message that it cannot take, it
 * tells the peer why, and us no more than when a peer has gone: that the stream is closed.
 */
export function serverStreamError(thrown: unknown): NfvError {
  const isCut =
    thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_STREAM_PREMATURE_CLOSE';
  if (!isCut) return NfvError.from(thrown);
  const text =
    'the stream was cut off: the peer has gone, or sent a message that cannot be decoded or has more than 4 MiB';
  return new NfvError('CANCELLED', text, { cause: thrown });
}

async function* received<In, Out, WireIn, WireOut>(
  options: StreamOptions<In, Out, WireIn, WireOut>,
  endedWith: () => NfvError | undefined,
): AsyncGenerator<In> {
  // Whoever stops reading may still send, and has to end the stream for the peer.
  const messages: AsyncIterable<WireIn> = options.call.iterator({ destroyOnReturn: false });
  try {
    for await (const wire of messages) yield options.decode(wire);
  } catch (error) {
    // What we ended it with comes back to us as its failure.
    throw endedWith() ?? options.mapError(error);
  }
}

function write<WireIn, WireOut>(
  call: Duplex<WireIn, WireOut>,
  message: WireOut,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      call.removeListener('drain', done);
      reject(NfvError.from(signal.reason));
    };
    const done = (): void => {
      signal.removeEventListener('abort', fail);
      resolve();
    };
    if (signal.aborted) {
      fail();
    } else if (call.write(message)) {
      resolve();
    } else {
      call.once('drain', done);
      signal.addEventListener('abort', fail, { once: true });
    }
  });
}
