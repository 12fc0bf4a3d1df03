import assert from 'node:assert/strict';
import { Command } from 'commander';
import { addVppOptions, vppOptions } from '../../../../src/cli/vpp/options.js';
import { NfvError } from '../../../../src/errors.js';

const GLOBALS = { color: true, debug: false };

function parsed(line: string, env: Record<string, string> = {}): ReturnType<typeof vppOptions> {
  const vpp = new Command('vpp').exitOverride();
  addVppOptions(vpp);
  vpp.parse(line.split(' ').filter(Boolean), { from: 'user' });
  return vppOptions(vpp, GLOBALS, env);
}

const DEFAULTS = {
  transport: 'socket',
  socket: '/run/vpp/api.sock',
  library: undefined,
  prefix: undefined,
  shmPrefix: undefined,
  apiDirectory: undefined,
  statsSocket: '/run/vpp/stats.sock',
  timeoutMs: 10_000,
};

const ENV = {
  NFVCTL_VPP_TRANSPORT: 'ffi',
  NFVCTL_VPP_SOCKET: '/e/api',
  NFVCTL_VPP_LIBRARY: '/e/lib',
  NFVCTL_VPP_SHM_PREFIX: 'e',
  NFVCTL_VPP_API_DIR: '/e/dir',
  NFVCTL_VPP_STATS_SOCKET: '/e/stats',
  VPP_PREFIX: '/e/vpp',
};

const FROM_ENV = {
  transport: 'ffi',
  socket: '/e/api',
  library: '/e/lib',
  prefix: '/e/vpp',
  shmPrefix: 'e',
  apiDirectory: '/e/dir',
  statsSocket: '/e/stats',
  timeoutMs: 10_000,
};

describe('vppOptions', () => {
  it('are where VPP puts things, if nobody says otherwise', () => {
    assert.deepEqual(parsed(''), DEFAULTS);
    const empty = Object.fromEntries(Object.keys(ENV).map((name) => [name, '']));
    assert.deepEqual(parsed('', empty), DEFAULTS);
  });

  it('come from the environment', () => {
    assert.deepEqual(parsed('', ENV), FROM_ENV);
  });

  it('are flags before variables', () => {
    const line =
      '--transport socket --socket /f/api --library /f/lib --shm-prefix f --api-dir /f/dir --stats-socket /f/stats';
    assert.deepEqual(parsed(line, ENV), {
      ...FROM_ENV,
      transport: 'socket',
      socket: '/f/api',
      library: '/f/lib',
      shmPrefix: 'f',
      apiDirectory: '/f/dir',
      statsSocket: '/f/stats',
    });
  });

  it('refuses a transport that there is not', () => {
    assert.throws(
      () => parsed('', { NFVCTL_VPP_TRANSPORT: 'tcp' }),
      (thrown) =>
        thrown instanceof NfvError && thrown.message.startsWith('NFVCTL_VPP_TRANSPORT: tcp: '),
    );
  });

  for (const [flag, own] of [
    ['--server', { server: 'unix:/x' }],
    ['--tls-ca', { tlsCa: 'x' }],
    ['--tls-cert', { tlsCert: 'x' }],
    ['--tls-key', { tlsKey: 'x' }],
  ] as const) {
    it(`refuses ${flag}, which is for the NVA`, () => {
      const vpp = new Command('vpp');
      addVppOptions(vpp);
      assert.throws(
        () => vppOptions(vpp, { ...GLOBALS, ...own }, {}),
        (thrown) => thrown instanceof NfvError && thrown.message.startsWith(`${flag}: `),
      );
    });
  }
});
