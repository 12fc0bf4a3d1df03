#!/usr/bin/env node
import { runCli } from '../cli/run-cli.js';
import { systemClock } from '../model/clock.js';
import { NvaClient } from '../rpc/nva-client.js';
import { quietGrpc } from '../rpc/quiet.js';

const interrupted = new AbortController();
// Once: a second SIGINT ends the process at once.
process.once('SIGINT', () => {
  interrupted.abort();
});

quietGrpc(process.env);
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  interrupted: interrupted.signal,
  connect: (options) => new NvaClient(options),
  connectVpp: async (...given) => (await import('./vpp-access.js')).connectVpp(...given),
  openVppStats: async (options) => (await import('./vpp-access.js')).openVppStats(options),
  openHost: async (options) => (await import('./host-access.js')).openHost(options),
  openPki: async (directory) => (await import('./pki-access.js')).openPki(directory),
});
