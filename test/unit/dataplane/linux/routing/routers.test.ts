import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesLast, Routers } from '../../../../../src/dataplane/linux/routing/routers.js';
import { SystemPrograms } from '../../../../../src/host/program.js';
import { Sysctl } from '../../../../../src/host/sysctl.js';
import { systemClock } from '../../../../../src/model/clock.js';
import { eventually } from '../../../../support/eventually.js';
import { FakeIproute2 } from '../../../../support/fake-iproute2.js';

const NEVER = new AbortController().signal;

describe('Routers', () => {
  let fake: FakeIproute2;
  let folder: string;
  let routers: Routers;

  beforeEach(async () => {
    fake = await FakeIproute2.create('ip');
    folder = join(fake.folder, 'netns');
    await mkdir(folder);
    routers = new Routers({
      timers: systemClock,
      stallMs: 5000,
      searchPath: fake.searchPath,
      netnsFolder: folder,
      sysctl: new Sysctl(join(fake.folder, 'sys')),
      programs: new SystemPrograms(fake.searchPath, systemClock),
    });
  });

  afterEach(async () => {
    routers.close();
    await fake.remove();
  });

  it('have names that end with our namespace where it is not the first', async () => {
    const name = await routers.doors(NEVER).nameOf(7);
    assert.match(name, /^nfvr7-\d+$/);
    assert.equal(await routers.vrfOfName(name), 7);
    for (const other of ['nfvr7', `${name}0`, 'nfvr0-1', 'nfvrx', 'blue', name.replace('7', '')]) {
      assert.equal(await routers.vrfOfName(other), undefined, other);
    }
  });

  it('have short names in the first namespace', async () => {
    const path = join(fake.folder, 'sys/net/core');
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'netdev_max_backlog'), '1000\n');
    assert.equal(await routers.doors(NEVER).nameOf(7), 'nfvr7');
    await writeFile(join(folder, 'nfvr7'), '');
    await writeFile(join(folder, 'nfvr8-1'), '');
    assert.deepEqual(await routers.doors(NEVER).list(), [7]);
  });

  it('are none where there is no folder for names', async () => {
    await rm(folder, { recursive: true });
    assert.deepEqual(await routers.doors(NEVER).list(), []);
    assert.equal(await routers.doors(NEVER).place(7), 'nothing');
  });

  it('are told from what a broken-off creation leaves', async () => {
    const doors = routers.doors(NEVER);
    await writeFile(join(folder, await doors.nameOf(7)), '');
    assert.equal(await doors.place(7), 'file');
  });

  it('are entered by a process each, that is kept for as long as the name is the same one’s', async () => {
    const doors = routers.doors(NEVER);
    const path = join(folder, await doors.nameOf(7));
    await assert.rejects(doors.inside(7), { code: 'NETNS_MISSING' });
    await writeFile(path, 'a');
    await (await doors.inside(7)).run('ok');
    await (await doors.inside(7)).run('ok');
    assert.equal((await fake.started()).length, 1);
    await writeFile(`${path}2`, 'b');
    await rm(path);
    await assert.rejects(doors.inside(7), { code: 'NETNS_MISSING' });
    await writeFile(path, 'c');
    await (await doors.inside(7)).run('ok');
    assert.equal((await fake.started()).length, 2);
    routers.close();
    await assert.rejects(doors.inside(7), { code: 'SHUTTING_DOWN' });
  });

  it('are let go of when they are found without their names', async () => {
    const doors = routers.doors(NEVER);
    const path = join(folder, await doors.nameOf(7));
    await writeFile(path, 'a');
    await (await doors.inside(7)).run('ok');
    const [pid = 0] = await fake.started();
    assert.ok(existsSync(`/proc/${pid}`));
    await rm(path);
    assert.equal(await doors.place(7), 'nothing');
    await eventually(() => !existsSync(`/proc/${pid}`));
  });

  it('are put back as they were even after the operation was given up', async () => {
    const doors = routers.doors(AbortSignal.abort(new Error('given up')));
    await writeFile(join(folder, await doors.nameOf(7)), '');
    const inside = await doors.inside(7);
    await assert.rejects(inside.run('ok', 'not any more'), { code: 'CANCELLED' });
    await doors.undo(7, 'ok', 'undo');
    await doors.undo(7, 'fail');
    // One that is not there has nothing to be undone.
    await doors.undo(8, 'ok', 'nowhere');
    assert.deepEqual(await fake.said(), ['ok undo', 'fail']);
  });

  it('give one turn after the other, whatever becomes of it', async () => {
    const doors = routers.doors(NEVER);
    const order: string[] = [];
    let end: () => void = () => undefined;
    const first = doors.inTurn(7, async () => {
      await new Promise<void>((resolve) => (end = resolve));
      order.push('first');
      throw new Error('broken');
    });
    const second = doors.inTurn(7, () => Promise.resolve(order.push('second')));
    await doors.inTurn(8, () => Promise.resolve(order.push('other')));
    end();
    await assert.rejects(first, /broken/);
    await second;
    assert.deepEqual(order, ['other', 'first', 'second']);
  });
});

describe('names of namespaces', () => {
  const ROOT = '21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw';
  for (const [title, lines, last] of [
    ['last on a host', [ROOT], true],
    ['last where nothing is shared', ['21 1 254:0 / / rw,relatime - ext4 /dev/vda rw'], true],
    ['end with a copy of the mounts', ['21 1 254:0 / / rw master:1 - ext4 /dev/vda rw'], false],
    [
      'end with a copy that is shared again',
      ['21 1 254:0 / / rw shared:9 master:1 - ext4 /dev/vda rw'],
      false,
    ],
    [
      'are where the folder is, not where the root is',
      [
        '21 1 254:0 / / rw master:1 - ext4 /dev/vda rw',
        '42 21 0:3 / /run/netns rw shared:7 - tmpfs t rw',
      ],
      true,
    ],
    [
      'are not where something else is mounted',
      [ROOT, '42 21 0:3 / /run/netnsx rw master:7 - tmpfs t rw'],
      true,
    ],
    [
      'are where the last is that was mounted there',
      [
        ROOT,
        '42 21 0:3 / /run/netns rw shared:7 - tmpfs t rw',
        '43 42 0:4 / /run/netns rw master:8 - tmpfs t rw',
      ],
      false,
    ],
  ] as const) {
    it(title, async () => {
      const fake = await FakeIproute2.create('ip');
      const path = join(fake.folder, 'mountinfo');
      await writeFile(path, `${lines.join('\n')}\n`);
      assert.equal(await namesLast(path), last);
      await fake.remove();
    });
  }
});
