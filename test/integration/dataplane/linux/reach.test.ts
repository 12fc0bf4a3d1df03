/** Whether a VTEP answers: real pings, between network namespaces. */
import assert from 'node:assert/strict';
import { reachOf } from '../../../../src/dataplane/linux/reach.js';
import { SystemPrograms, type Programs } from '../../../../src/host/program.js';
import { systemClock } from '../../../../src/model/clock.js';
import { cable, Netns } from '../../../support/netns.js';

const never = new AbortController().signal;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

describe('dataplane/linux/reach', function () {
  this.timeout(20_000);
  let here: Netns;
  let there: Netns;

  beforeEach(async () => {
    here = await Netns.create();
    there = await Netns.create();
    await cable([here, 'u0'], [there, 'u0']);
    for (const [ns, n] of [
      [here, 1],
      [there, 2],
    ] as const) {
      await ns.ip('addr', 'add', `10.1.0.${n}/24`, 'dev', 'u0');
      await ns.ip('addr', 'add', `fd01::${n}/64`, 'dev', 'u0', 'nodad');
    }
  });

  afterEach(async () => {
    await here.close();
    await there.close();
  });

  /** The programs as an agent in the namespace would run them. */
  function inside(searchPath = PATH): Programs {
    const programs = new SystemPrograms(searchPath, systemClock);
    const net = `--net=/run/netns/${here.name}`;
    return {
      run: (name, args, options) => programs.run('nsenter', [net, name, ...args], options),
      stuck: () => programs.stuck(),
    };
  }

  async function states(...paths: (readonly [string, string])[]): Promise<string[]> {
    const all = paths.map(([local, remote]) => ({ local, remote }));
    const reaches = await reachOf(all, inside(), never);
    assert.deepEqual(
      reaches.map(({ local, remote }) => ({ local, remote })),
      all,
    );
    return reaches.map(({ state }) => state);
  }

  it('tells who answers, over IPv4 and IPv6', async () => {
    const found = await states(
      ['10.1.0.1', '10.1.0.2'],
      ['fd01::1', 'fd01::2'],
      ['10.1.0.1', '10.1.0.9'],
      ['fd01::1', 'fd01::9'],
    );
    assert.deepEqual(found, ['REACHABLE', 'REACHABLE', 'UNREACHABLE', 'UNREACHABLE']);
  });

  it('does not reach a host whose link is down', async () => {
    await there.ip('link', 'set', 'dev', 'u0', 'down');
    assert.deepEqual(await states(['10.1.0.1', '10.1.0.2']), ['UNREACHABLE']);
  });

  it('cannot tell from an address that is not there, or without ping', async () => {
    assert.deepEqual(await states(['10.9.0.1', '10.1.0.2']), ['UNKNOWN']);
    const programs = new SystemPrograms('/nowhere', systemClock);
    const path = { local: '10.1.0.1', remote: '10.1.0.2' };
    const [reach] = await reachOf([path], programs, never);
    assert.equal(reach?.state, 'UNKNOWN');
    assert.match(reach.detail, /ping/);
  });
});
