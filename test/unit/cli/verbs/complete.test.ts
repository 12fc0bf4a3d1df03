import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import type { ConnectOptions } from '../../../../src/cli/host.js';
import { connectTo, nfvctl } from '../../../support/cli.js';
import { CliWorld } from '../../../support/cli-world.js';

describe('nfvctl __complete', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  it('knows the names of what exists', async () => {
    assert.deepEqual(await world.run('__complete -- get network '), {
      status: 0,
      out: 'blue\nred\n',
      err: '',
    });
  });

  it('does not take the flags of the line for its own', async () => {
    const { status, out } = await world.run('__complete -- delete --wait --help -f x ep/');
    assert.deepEqual([status, out], [0, 'ep/web-1\n']);
  });

  it('asks the server that the line names, and not for long', async () => {
    const asked: ConnectOptions[] = [];
    const connect = (options: ConnectOptions): ReturnType<ReturnType<typeof connectTo>> => {
      asked.push(options);
      return connectTo(world.nva)(options);
    };
    const words = ['__complete', '--', '-s', 'unix:/x', 'get', 'nve', 'host-'];
    assert.equal((await nfvctl(words, { connect })).out, 'host-a\nhost-b\n');
    assert.deepEqual(asked, [{ address: { kind: 'unix', path: '/x' }, timeoutMs: 1000 }]);
  });

  it('is silent where the NVA is not there, or the line is wrong', async () => {
    world.nva.failNext('virtualNetworks.list', new NfvError('NVA_UNREACHABLE', 'x'));
    const silent = { status: 0, out: '', err: '' };
    assert.deepEqual(await world.run('__complete -- get network '), silent);
    assert.deepEqual(await world.run('__complete -- -s nowhere get network '), silent);
    assert.deepEqual(await world.run('__complete -- get --nonsense pods '), silent);
    const { out } = await world.run('__complete -- --version get network ');
    assert.equal(out, 'blue\nred\n');
    assert.deepEqual(await nfvctl(['__complete']), {
      ...silent,
      out: (await nfvctl(['__complete', '--', ''])).out,
    });
  });
});

describe('nfvctl completion', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    it(`has a script for ${shell}`, async () => {
      const { status, out } = await nfvctl(['completion', shell]);
      assert.equal(status, 0);
      assert.match(out, /nfvctl __complete -- /);
    });
  }

  it('has none for others', async () => {
    assert.deepEqual(await nfvctl(['completion', 'tcsh']), {
      status: 2,
      out: '',
      err: 'error: SHELL: tcsh: not a shell known here (INVALID_FIELD)\nremedy: give bash, zsh, fish\n',
    });
  });
});
