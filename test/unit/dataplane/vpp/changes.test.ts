import assert from 'node:assert/strict';
import { Changes } from '../../../../src/dataplane/vpp/changes.js';
import { Memory } from '../../../../src/dataplane/vpp/memory.js';

describe('changes that VPP tells of', () => {
  const made = (): { memory: Memory; changes: Changes; told: unknown[] } => {
    const memory = new Memory();
    memory.set('nfvd:tunnel/10/10.0.0.2', 4);
    memory.set('nfvd:bd/10@group', 5);
    const changes = new Changes(memory);
    const told: unknown[] = [];
    changes.listen((keys) => told.push(keys instanceof Set ? [...keys] : keys));
    return { memory, changes, told };
  };

  it('are told by key, also those of a part', () => {
    const { changes, told } = made();
    changes.interfaceChanged(4, false);
    changes.interfaceChanged(5, false);
    assert.deepEqual(told, [['tunnel/10/10.0.0.2'], ['bd/10']]);
  });

  it('are of unknown keys on an uplink, which VTEPs are on', () => {
    const { memory, changes, told } = made();
    memory.set('nfvd:uplink/host-eth1', 6);
    changes.interfaceChanged(6, false);
    assert.deepEqual(told, ['unknown']);
  });

  it('are forgotten with an interface that goes', () => {
    const { memory, changes, told } = made();
    changes.interfaceChanged(4, true);
    changes.interfaceChanged(4, true);
    assert.deepEqual(told, [['tunnel/10/10.0.0.2']]);
    assert.equal(memory.tagAt(4), undefined);
  });

  it('are nobody’s business on an interface that is not ours', () => {
    const { changes, told } = made();
    changes.interfaceChanged(1, true);
    assert.deepEqual(told, []);
  });

  it('are our own doing while steps are at work on the key, however many', () => {
    const { changes, told } = made();
    const first = changes.working(['tunnel/10/10.0.0.2']);
    const second = changes.working(['tunnel/10/10.0.0.2', 'bd/10']);
    first();
    changes.interfaceChanged(4, false);
    changes.interfaceChanged(5, false);
    assert.deepEqual(told, []);
    second();
    changes.interfaceChanged(4, false);
    assert.deepEqual(told, [['tunnel/10/10.0.0.2']]);
  });
});
