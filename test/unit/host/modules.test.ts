import assert from 'node:assert/strict';
import { observeModule, setLoaded } from '../../../src/host/modules.js';
import { FakeHost } from '../../support/fake-sysfs/host.js';
import { PF0, twoNodes } from '../../support/fake-sysfs/hosts.js';
import { refusal } from '../../support/refusals.js';

describe('modules', () => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost(twoNodes());
  });
  afterEach(() => {
    host.close();
  });
  const observe = (loaded: boolean) => observeModule(host.doors, 'vfio-pci', loaded);

  it('loads and unloads one, by its driver', async () => {
    assert.deepEqual(await observe(true), { holds: false, found: 'not loaded' });
    await setLoaded(host.doors, 'vfio-pci', true, host.signal);
    assert.deepEqual(await observe(true), { holds: true, found: 'loaded' });
    await setLoaded(host.doors, 'vfio-pci', false, host.signal);
    assert.equal((await observe(false)).holds, true);
  });

  it('leaves it to others who use it now', async () => {
    host.kernel.state.drivers.add('vfio-pci');
    host.kernel.fn(PF0).driver = 'vfio-pci';
    host.kernel.show();
    assert.deepEqual(await observe(false), { holds: true, found: 'loaded' });
  });

  it('says what is not installed', async () => {
    const error = await refusal(setLoaded(host.doors, 'nope', true, host.signal));
    assert.match(error.message, /^modprobe nope: modprobe: FATAL: Module nope not found/);
  });

  it('does not believe a modprobe that loads nothing', async () => {
    host.kernel.faults({ on: /modprobe/, trouble: { silent: true } });
    const error = await refusal(setLoaded(host.doors, 'vfio-pci', true, host.signal));
    assert.equal(error.message, 'modprobe vfio-pci: no such driver after it');
  });
});
