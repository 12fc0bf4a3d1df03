/** What one tenant sees of the history does not depend on what others have in it. */
import assert from 'node:assert/strict';
import { wardenOf } from '../../../../src/nva/changes/caller-warden.js';
import { ChangeIndex } from '../../../../src/nva/changes/change-index.js';
import { History } from '../../../../src/nva/changes/history.js';
import {
  CHANGE_RECORD,
  type ChangedSpec,
  type ChangeRecord,
} from '../../../../src/nva/changes/record.js';
import { CHANGES } from '../../../../src/nva/keys.js';
import { RECORDS } from '../../../../src/nva/records.js';
import { callWith, grant } from '../../../support/guarded.js';
import { MemoryStore } from '../../../support/memory-store.js';
import { networkSpec } from '../../../support/specs.js';

const collection = 'virtualNetworks';
const blue = callWith(grant('tenant', ['blue']));

function changed(id: string, tenant: string, displayName = ''): ChangedSpec {
  const times = { createTime: '', updateTime: '' };
  const after = RECORDS[collection].encode({
    spec: networkSpec({ tenant, displayName }),
    ...times,
  });
  return { collection, id, tenant, after };
}

/** A change in the history: what it is of. */
type Made = readonly ChangedSpec[];

/** @param made in one transaction what is together */
async function historyOf(...made: readonly (readonly Made[])[]): Promise<History> {
  const store = new MemoryStore();
  const index = new ChangeIndex();
  for (const [i, together] of made.entries()) {
    const ops = together.map((changes, j) => {
      const record: ChangeRecord = { time: '', who: 'user/x', verb: 'APPLY', target: 0, changes };
      const key = `${CHANGES}${i}-${j}`;
      return { kind: 'put', key, value: CHANGE_RECORD.encode(record) } as const;
    });
    await store.txn({ compare: [], ops });
  }
  const { revision } = store.status();
  await index.load(store, revision, blue.signal);
  return new History({ store, index, caughtUp: () => Promise.resolve(revision) });
}

async function idsOf(history: History, pageToken = ''): Promise<readonly string[]> {
  const request = { pageSize: 0, pageToken, filter: '' };
  const { changes } = await history.list(request, wardenOf(blue), blue.signal);
  return changes.map(({ id }) => id);
}

describe('the history of a tenant', () => {
  it('has as much on a page, however much others changed with it', async () => {
    const theirs = changed('red', 'red', 'x'.repeat(900_000));
    const each = [[changed('blue', 'blue'), theirs]];
    assert.deepEqual(await idsOf(await historyOf(each, each, each, each)), ['4', '3', '2', '1']);
  });

  it('is still cut where what is shown of it is long', async () => {
    const each = [[changed('blue', 'blue', 'x'.repeat(900_000))]];
    assert.deepEqual(await idsOf(await historyOf(each, each, each, each)), ['4', '3']);
  });

  it('goes on after a token’s place, whether or not there is another’s change', async () => {
    const first = [changed('blue', 'blue')];
    const alone = await historyOf([first], [first]);
    const beside = await historyOf([first, [changed('red', 'red')]], [first]);
    const page = { pageSize: 1, pageToken: '', filter: '' };
    const { nextPageToken } = await alone.list(page, wardenOf(blue), blue.signal);
    const json = Buffer.from(nextPageToken, 'base64url').toString();
    assert.ok(json.includes('"after":"2"'));
    for (const [after, rest] of [
      ['2', ['1']],
      ['1-1', ['1']],
      ['1', []],
      ['x', []],
    ] as const) {
      const guess = json.replace('"after":"2"', `"after":"${after}"`);
      const token = Buffer.from(guess).toString('base64url');
      assert.deepEqual(await idsOf(alone, token), rest, after);
      assert.deepEqual(await idsOf(beside, token), rest, after);
    }
  });
});
