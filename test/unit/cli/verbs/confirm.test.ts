/** nfvctl confirm, with answers that are lost: only what names its change can be asked for again. */
import assert from 'node:assert/strict';
import type { Connect } from '../../../../src/cli/host.js';
import { NfvError } from '../../../../src/errors.js';
import type { Change, ConfirmRequest } from '../../../../src/model/changes.js';
import { connectTo, type Ran } from '../../../support/cli.js';
import { CliWorld } from '../../../support/cli-world.js';
import { settle } from '../../../support/fake-clock.js';
import { NO_CHANGES } from '../../../support/no-changes.js';

const waiting = (revision: number): Change => ({
  ...{ id: String(revision), revision, time: '2026-01-02T03:04:05Z', who: 'local' },
  ...{ verb: 'APPLY', target: 0, changes: [], confirmBefore: '2026-01-02T04:04:05Z' },
});

describe('nfvctl confirm', () => {
  let world: CliWorld;
  let asked: ConfirmRequest[];
  beforeEach(async () => {
    world = await CliWorld.create();
    asked = [];
  });

  /** The first answer is lost. */
  const losing =
    (...revisions: readonly number[]): Connect =>
    (options) => ({
      ...connectTo(world.nva)(options),
      changes: {
        ...NO_CHANGES,
        list: ({ filter }) => {
          assert.equal(filter, 'pending = true');
          return Promise.resolve({
            ...{ changes: revisions.map(waiting), nextPageToken: '', revision: 50 },
            oldestRevision: 1,
          });
        },
        confirm: (request) => {
          asked.push(request);
          return asked.length === 1
            ? Promise.reject(new NfvError('NVA_UNREACHABLE', 'the connection was cut'))
            : Promise.resolve({ revision: 51 });
        },
      },
    });

  const run = async (line: string, ...revisions: readonly number[]): Promise<Ran> => {
    const running = world.start(line, { connect: losing(...revisions) });
    await settle();
    await world.clock.advance(1000);
    return { status: await running.status, out: running.out.text, err: running.err.text };
  };

  it('asks again for the only one that waits', async () => {
    assert.deepEqual(await run('confirm', 42), {
      ...{ status: 0, out: 'confirmed at revision 51\n', err: '' },
    });
    assert.deepEqual(asked, Array(2).fill({ revision: 42, undo: false }));
  });

  it('asks again for the one that is named', async () => {
    assert.equal((await run('confirm 41 --undo', 41, 42)).out, 'undone at revision 51\n');
    assert.deepEqual(asked, Array(2).fill({ revision: 41, undo: true }));
  });

  for (const revisions of [[], [41, 42]]) {
    it(`asks once where ${revisions.length} wait, and leaves it to the NVA to say so`, async () => {
      assert.equal((await run('confirm', ...revisions)).status, 5);
      assert.deepEqual(asked, [{ revision: 0, undo: false }]);
    });
  }
});
