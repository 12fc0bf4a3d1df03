/**
 * A process with a dataplane of the kernel in it, as the agent of a host is one; `LinuxHost` starts
 * it inside a network namespace and talks to it over Node's IPC.
 */
import { NfvError } from '../../src/errors.js';
import { LinuxDataplane } from '../../src/dataplane/linux/linux-dataplane.js';
import { systemClock } from '../../src/model/clock.js';
import { isRequest, type Failure, type Reply, type Request } from './linux-ipc.js';
import { nullLog } from './null-log.js';

const {
  NFVD_TEST_SEARCH_PATH: searchPath,
  NFVD_TEST_STALL_MS: stallMs,
  NFVD_TEST_PROVIDERS: providers = '',
} = process.env;

const dataplane = new LinuxDataplane({
  clock: systemClock,
  log: nullLog,
  providers: providers
    .split(' ')
    .filter((each) => each !== '')
    .map((each) => {
      const [name = '', device = ''] = each.split('=');
      return { name, interface: device };
    }),
  ...(searchPath === undefined ? {} : { searchPath }),
  ...(stallMs === undefined ? {} : { stallMs: Number(stallMs) }),
});

const signals = new Map<number, AbortController>();

function failure(error: unknown): Failure {
  const { code, message, metadata } = NfvError.from(error);
  return { code, message, metadata };
}

async function answer(request: Request, signal: AbortSignal): Promise<Reply> {
  const { id } = request;
  switch (request.method) {
    case 'capabilities':
      return { id, method: 'capabilities', value: await dataplane.capabilities(signal) };
    case 'underlays':
      return { id, method: 'underlays', value: await dataplane.underlays(signal) };
    case 'observe': {
      const { objects, obstacles } = await dataplane.observe(request.scope, request.wanted, signal);
      const told = new Map([...obstacles].map(([key, error]) => [key, failure(error)]));
      return { id, method: 'observe', objects: new Map(objects), obstacles: told };
    }
    case 'apply': {
      const results = await dataplane.apply(request.steps, signal);
      const value = results.map((error) => (error === undefined ? undefined : failure(error)));
      return { id, method: 'apply', value };
    }
    case 'watch':
      dataplane.onChange((keys) => {
        send({ method: 'changed', keys: keys === 'unknown' ? keys : new Set(keys) });
      });
      return { id, method: 'watch' };
    case 'close':
      await dataplane.close();
      return { id, method: 'close' };
    case 'abort':
      signals.get(request.of)?.abort(new Error('the test gave it up'));
      return { id, method: 'abort' };
  }
}

function send(message: Reply): void {
  process.send?.(message);
}

process.on('message', (message: unknown) => {
  if (!isRequest(message)) return;
  const controller = new AbortController();
  signals.set(message.id, controller);
  void answer(message, controller.signal)
    .catch((error: unknown): Reply => ({ id: message.id, method: 'failed', error: failure(error) }))
    .then((reply) => {
      signals.delete(message.id);
      send(reply);
      if (message.method === 'close') process.disconnect();
    });
});

process.on('disconnect', () => {
  void dataplane.close();
});
