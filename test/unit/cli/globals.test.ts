import assert from 'node:assert/strict';
import { Command } from 'commander';
import {
  addGlobals,
  callTimeout,
  connectOptions,
  readGlobals,
  type Env,
  type Globals,
} from '../../../src/cli/globals.js';

function globals(...argv: string[]): Globals {
  const program = new Command().exitOverride();
  addGlobals(program);
  program.action(() => undefined).parse(argv, { from: 'user' });
  return readGlobals(program);
}

describe('connectOptions', () => {
  const tls = { ca: 'a', cert: 'c', key: 'k' };
  const rows: [argv: string[], env: Env, options: object][] = [
    [[], {}, { address: { kind: 'unix', path: '/run/nfvd/nva.sock' }, timeoutMs: 10_000 }],
    [
      ['-s', 'unix:/x', '--timeout', '500ms'],
      { NFVCTL_SERVER: 'unix:/y' },
      { address: { kind: 'unix', path: '/x' }, timeoutMs: 500 },
    ],
    [
      [],
      { NFVCTL_SERVER: '[::1]:7443' },
      { address: { kind: 'tcp', host: '::1', port: 7443 }, timeoutMs: 10_000 },
    ],
    [
      [],
      { NFVCTL_SERVER: '' },
      { address: { kind: 'unix', path: '/run/nfvd/nva.sock' }, timeoutMs: 10_000 },
    ],
    [
      ['--server=nva:7443', '--tls-ca', 'a', '--tls-cert', 'c', '--tls-key', 'k'],
      {},
      { address: { kind: 'tcp', host: 'nva', port: 7443 }, tls, timeoutMs: 10_000 },
    ],
    [
      ['--server=nva:7443', '--tls-cert', 'c'],
      { NFVCTL_TLS_CA: 'a', NFVCTL_TLS_CERT: 'z', NFVCTL_TLS_KEY: 'k' },
      { address: { kind: 'tcp', host: 'nva', port: 7443 }, tls, timeoutMs: 10_000 },
    ],
  ];
  for (const [argv, env, options] of rows) {
    it(`${argv.join(' ')} ${JSON.stringify(env)}`, () => {
      assert.deepEqual(connectOptions(globals(...argv), env), options);
    });
  }

  const wrong: [argv: string[], env: Env, message: string][] = [
    [['-s', 'nowhere'], {}, '--server: nowhere: not an address'],
    [[], { NFVCTL_SERVER: '/run/x' }, 'NFVCTL_SERVER: /run/x: not an address'],
    [['--timeout', 'x'], {}, '--timeout: x: not a duration'],
    [['--tls-ca', 'a'], {}, '--tls-ca, --tls-cert and --tls-key belong together'],
    [
      ['-s', '192.0.2.1:1'],
      {},
      '--server: 192.0.2.1:1: on another host, which is spoken to over TLS only',
    ],
  ];
  for (const [argv, env, message] of wrong) {
    it(`refuses ${argv.join(' ')} ${JSON.stringify(env)}`, () => {
      assert.throws(() => connectOptions(globals(...argv), env), {
        code: 'INVALID_FIELD',
        message,
      });
    });
  }

  it('knows how long a call may take', () => {
    assert.equal(callTimeout(globals('--timeout', '2m')), 120_000);
  });
});
