/** Traces and a collector that does not take them as it should: nothing waits for it, and what is lost is told. */
import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { Tracing } from '../../../src/telemetry/tracing.js';
import { eventually } from '../../support/eventually.js';
import { MemoryLog } from '../../support/null-log.js';

const posted = z.object({
  resourceSpans: z.array(
    z.object({ scopeSpans: z.array(z.object({ spans: z.array(z.object({ name: z.string() })) })) }),
  ),
});

describe('traces', function () {
  this.timeout(30_000);
  let server: Server;
  let url: string;
  let log: MemoryLog;
  let tracing: Tracing;
  /** Names of spans that were taken. */
  let taken: string[];
  /** What has come, and is to be answered. */
  let unanswered: ServerResponse[];
  let status: number | 'never';

  const answer = (response: ServerResponse, code: number): void => {
    response.writeHead(code, { 'content-type': 'application/json' }).end('{}');
  };

  beforeEach(async () => {
    taken = [];
    unanswered = [];
    status = 200;
    log = new MemoryLog();
    server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (status === 'never') {
          unanswered.push(response);
          return;
        }
        if (status === 200) take(Buffer.concat(parts).toString());
        answer(response, status);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    url = `http://127.0.0.1:${address.port}/v1/traces`;
    tracing = new Tracing({ url, service: 'nfvd-nva', version: '0', log });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await tracing.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function take(text: string): void {
    for (const { scopeSpans } of posted.parse(JSON.parse(text)).resourceSpans) {
      for (const { spans } of scopeSpans) taken.push(...spans.map(({ name }) => name));
    }
  }
  const trace = (count: number, name = 'call'): void => {
    for (let i = 0; i < count; i++) tracing.start(`${name} ${i}`).end();
  };
  const told = (): string[] => log.lines.map(({ message }) => message);

  it('are sent as far as they wait when the process ends', async () => {
    trace(3000);
    await tracing.stop();
    assert.equal(new Set(taken).size, 3000);
    assert.deepEqual(told(), []);
  });

  it('are told to be lost where more come than the collector takes, and once that they are not any more', async () => {
    status = 'never';
    trace(6000);
    trace(6000);
    assert.deepEqual(told(), ['traces are lost']);
    assert.match(JSON.stringify(log.lines), /4096 spans wait: the collector is slow/);
    await eventually(() => unanswered.length > 0);
    status = 200;
    for (const response of unanswered.splice(0)) answer(response, 200);
    await eventually(() => taken.length > 4000, 20_000);
    trace(1, 'later');
    await eventually(() => taken.includes('later 0'), 20_000);
    await eventually(() => told().length === 2);
    assert.deepEqual(told(), ['traces are lost', 'traces are sent again']);
  });

  for (const code of [400, 500, 302]) {
    it(`are told to be lost once where the collector answers with ${code}`, async () => {
      status = code;
      trace(600);
      await eventually(() => told().length > 0);
      trace(600);
      await tracing.stop();
      assert.deepEqual(told(), ['traces are lost']);
    });
  }
});
