import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { PassThrough } from 'node:stream';
import type { ConnectOptions } from '../../../src/cli/host.js';
import { Output } from '../../../src/cli/output.js';
import { Session } from '../../../src/cli/session.js';
import { NfvError } from '../../../src/errors.js';
import { connectTo, Kept, noHost, noPki, noVpp } from '../../support/cli.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { MemoryNva } from '../../support/memory-nva.js';

describe('Session', () => {
  const clock = new FakeClock();
  const interrupted = new AbortController();
  const connections: ConnectOptions[] = [];
  let closed = 0;

  function session(): Session {
    const stream = new Kept();
    const open = connectTo(new MemoryNva(clock));
    const host = {
      env: {},
      stdin: new PassThrough().end(),
      stdout: stream,
      stderr: stream,
      clock,
      interrupted: interrupted.signal,
      connect: (options: ConnectOptions) => {
        connections.push(options);
        return { ...open(options), close: () => closed++ };
      },
      connectVpp: noVpp,
      openVppStats: noVpp,
      openHost: noHost,
      openPki: noPki,
    };
    const globals = { color: true, debug: false };
    return new Session(host, globals, new Output(stream), new Output(stream));
  }

  it('connects once, when it is first needed, and closes what it has opened', () => {
    const one = session();
    one.close();
    assert.deepEqual([connections.length, closed], [0, 0]);
    assert.equal(one.nva, one.nva);
    one.close();
    assert.deepEqual([connections.length, closed], [1, 1]);
    assert.deepEqual(connections[0], {
      address: { kind: 'unix', path: '/run/nfvd/nva.sock' },
      timeoutMs: 10_000,
    });
  });

  it('has a signal for each call and each retry, none of which burdens its own', async () => {
    const one = session();
    const aborted: unknown[] = [];
    for (let i = 0; i < 200; i++) {
      one.call.signal.addEventListener('abort', () => aborted.push(i));
    }
    const away = (): Promise<never> => Promise.reject(new NfvError('NVA_UNREACHABLE', 'away'));
    const retries = Array.from({ length: 200 }, () => one.retry(away).catch(() => 'over'));
    await settle();
    assert.equal(getEventListeners(one.signal, 'abort').length, 0);
    assert.equal(clock.pending, 200);
    interrupted.abort();
    assert.equal(aborted.length, 200);
    assert.equal((await Promise.all(retries)).filter((end) => end === 'over').length, 200);
    assert.equal(clock.pending, 0);
  });
});
