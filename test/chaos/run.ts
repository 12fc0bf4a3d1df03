/**
 * `make test-chaos SEED=… MINUTES=…`: a random campaign. Prints every step by its number and ends with
 * one line of counts. Exit status 1: something was not as it has to be; 2: it cannot run here.
 */
import { randomInt } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { Campaign, tellCounts } from '../support/chaos/campaign.js';

const PROGRAMS = ['etcd', 'etcdctl', 'ip', 'bridge', 'ping', 'setpriv', 'flock'];

function positive(name: string, otherwise: number): number {
  const text = process.env[name] ?? '';
  if (text === '') return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new Error(`${name}=${text}: not a number above 0`);
  return value;
}

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'it needs root, for network namespaces';
  const missing = PROGRAMS.filter((program) => spawnSync(program, ['--help']).error !== undefined);
  return missing.length === 0 ? undefined : `it needs ${missing.join(', ')}`;
}

async function main(): Promise<number> {
  const say = (line: string): void => {
    process.stdout.write(`${new Date().toISOString().slice(11, 23)} ${line}\n`);
  };
  const reason = whyNot();
  if (reason !== undefined) {
    process.stderr.write(`chaos: ${reason}\n`);
    return 2;
  }
  const seed = positive('SEED', randomInt(1, 2 ** 31));
  const minutes = positive('MINUTES', 5);
  const rounds = positive('ROUNDS', Infinity);
  say(`SEED=${seed} MINUTES=${minutes}`);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130);
      say('stopping; once more to leave all as it is');
      stop.abort();
    });
  }
  const end = performance.now() + minutes * 60_000;
  const counts = await Campaign.run({
    ...{ seed, say, signal: stop.signal },
    goesOn: (done) => done < rounds && performance.now() < end,
  });
  process.stdout.write(`${tellCounts(seed, counts)}\n`);
  return counts.violations > 0 ? 1 : 0;
}

process.exitCode = await main();
