import assert from 'node:assert/strict';
import { NfvError } from '../../../src/errors.js';
import { listAll } from '../../../src/cli/listing.js';
import type { ListRequest, ListResult } from '../../../src/model/api.js';
import type { Nve } from '../../../src/model/nve.js';
import { CALL } from '../../support/nva-server.js';
import { NVE } from '../../support/samples.js';

describe('listAll', () => {
  const total = 1203;
  const nves = Array.from({ length: total }, (_, i): Nve => ({ ...NVE, id: `n${i}` }));
  let sizes: number[];
  let most: number;
  beforeEach(() => {
    sizes = [];
    most = Infinity;
  });

  const list = ({ pageSize, pageToken }: ListRequest): Promise<ListResult<Nve>> => {
    sizes.push(pageSize);
    if (pageSize > most) return Promise.reject(new NfvError('MESSAGE_TOO_LARGE', 'x'));
    const start = Number(pageToken);
    const end = start + pageSize;
    const nextPageToken = end < total ? String(end) : '';
    return Promise.resolve({ resources: nves.slice(start, end), nextPageToken, revision: 7 });
  };

  it('gets all pages, and the revision', async () => {
    const { resources, revision } = await listAll(list, '', CALL);
    assert.deepEqual(resources, nves);
    assert.equal(revision, 7);
    assert.deepEqual(sizes, [500, 500, 500]);
  });

  it('asks for less where an answer would be too large', async () => {
    most = 130;
    const { resources } = await listAll(list, '', CALL);
    assert.deepEqual(resources, nves);
    assert.deepEqual(sizes.slice(0, 4), [500, 250, 125, 125]);
  });

  it('gives up where not even one can be sent', async () => {
    most = 0;
    await assert.rejects(listAll(list, '', CALL), { code: 'MESSAGE_TOO_LARGE' });
    assert.equal(sizes.length, 9);
  });

  it('is done with an empty collection of an empty store', async () => {
    const empty = (): Promise<ListResult<Nve>> =>
      Promise.resolve({ resources: [], nextPageToken: '', revision: 0 });
    assert.deepEqual(await listAll(empty, '', CALL), { resources: [], revision: 0 });
  });
});
