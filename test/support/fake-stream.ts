/** The NVA's end of a stream whose agent says what a test has it say. */
import type { FromNva, FromNve } from '../../src/model/southbound.js';
import type { NvaSideStream } from '../../src/rpc/session-service.js';

export interface FakeStream {
  readonly stream: NvaSideStream;
  /** What the NVA has sent. */
  readonly sent: FromNva[];
}

/** An agent that says `messages`, and then no more. */
export function fakeStream(...messages: readonly FromNve[]): FakeStream {
  const over = new AbortController();
  const sent: FromNva[] = [];
  async function* incoming(): AsyncGenerator<FromNve> {
    yield* messages;
    await new Promise((resolve) => {
      over.signal.addEventListener('abort', resolve);
    });
  }
  const stream: NvaSideStream = {
    peer: 'fake',
    signal: over.signal,
    incoming: incoming(),
    send(message) {
      sent.push(message);
      return Promise.resolve();
    },
    end() {
      over.abort();
    },
  };
  return { stream, sent };
}
