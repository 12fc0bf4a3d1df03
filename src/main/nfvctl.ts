#!/usr/bin/env node
import { runCli } from '../cli/run-cli.js';
import { systemClock } from '../model/clock.js';
import { NvaClient } from '../rpc/nva-client.js';
import { quietGrpc } from '../rpc/quiet.js';
import type { CliTrace } from './cli-trace.js';

const interrupted = new AbortController();
// Once: a second SIGINT ends the process at once.
process.once('SIGINT', () => {
  interrupted.abort();
});

quietGrpc(process.env);
const argv = process.argv.slice(2);
const traced = await openTrace(process.env['NFVCTL_OTLP'] ?? '', argv);
process.exitCode = await runCli(argv, {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  interrupted: interrupted.signal,
  connect: (options) => new NvaClient({ ...options, ...(traced && { trace: traced.context }) }),
  connectVpp: async (...given) => (await import('./vpp-access.js')).connectVpp(...given),
  openVppStats: async (options) => (await import('./vpp-access.js')).openVppStats(options),
  openHost: async (options) => (await import('./host-access.js')).openHost(options),
  openPki: async (directory) => (await import('./pki-access.js')).openPki(directory),
});
await traced?.end(process.exitCode);
// A pipe that never ends and is read as a file, or that nobody reads, would keep it: then it goes as SIGINT has any go.
if (interrupted.signal.aborted) {
  setTimeout(() => process.kill(process.pid, 'SIGINT'), 100).unref();
}

/** Loaded only where the environment asks for it. */
async function openTrace(url: string, args: readonly string[]): Promise<CliTrace | undefined> {
  return url === '' ? undefined : (await import('./cli-trace.js')).openCliTrace(url, args);
}
