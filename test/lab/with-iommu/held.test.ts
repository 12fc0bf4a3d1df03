/** Somebody uses what is to be taken: a process has a VFIO group open, or a netdev is elsewhere. */
import assert from 'node:assert/strict';
import { readlinkSync, readdirSync } from 'node:fs';
import { Child } from '../../support/child.js';
import { eventually } from '../../support/eventually.js';
import * as eye from '../support/eye.js';
import { isGuest, LabHost, needGuest, PF0, PF1 } from '../support/lab-host.js';

const vfs = (count: number): string => `
nics:
  - name: pf0
    match: { bdf: '${PF0}' }
    role: sriov
    sriov: { count: ${count}, defaults: { driver: vfio-pci } }
`;

describe('a VF that a process holds open', () => {
  let host: LabHost;
  let holder: Child | undefined;
  before(async function () {
    needGuest(this);
    host = new LabHost('held');
    const { status, err } = await host.apply(vfs(2));
    assert.equal(status, 0, err);
  });
  after(async () => {
    if (!isGuest()) return;
    await holder?.kill();
    if (eye.vfCount(PF0) > 0) await host.host('undo');
  });

  it('keeps its PF from being changed, and the process is named', async () => {
    const node = `/dev/vfio/${eye.groupOf(eye.vfAt(PF0, 1)) ?? ''}`;
    holder = new Child('bash', ['-c', `exec 9<>${node}; exec sleep 1000`]);
    const { pid = 0 } = holder;
    await eventually(() =>
      readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === node),
    );
    const error = await host.refused(vfs(3));
    assert.match(error, new RegExp(`sleep \\(pid ${pid}\\) holds ${node}`));
    assert.match(error, /stop that process/);
    assert.equal(eye.vfCount(PF0), 2);
  });

  it('keeps undo from taking it away, which says who, and goes on when told again', async () => {
    const { status, err } = await host.host('undo');
    assert.notEqual(status, 0);
    assert.match(err, new RegExp(`sleep \\(pid ${holder?.pid ?? 0}\\)`));
    assert.match(err, /HOST_NOT_RESTORED/);
    assert.equal(eye.vfCount(PF0), 2);
    assert.match(await host.ok('status'), /State: +interrupted/);
    await holder?.kill();
    await host.ok('undo');
    assert.equal(eye.vfCount(PF0), 0);
  });
});

describe('a NIC whose netdev is in another network namespace', () => {
  let host: LabHost;
  before(function () {
    needGuest(this);
    host = new LabHost('elsewhere');
    eye.ip('netns', 'add', 'tenant');
    eye.ip('link', 'set', 'dev', eye.nameOf(PF1), 'netns', 'tenant');
  });
  after(() => {
    // With its namespace the netdev comes back.
    if (isGuest()) eye.ip('netns', 'del', 'tenant');
  });

  it('is not taken from there', async () => {
    const text = `nics: [{ name: up0, role: dpdk, takeOver: true, match: { bdf: '${PF1}' } }]`;
    assert.match(await host.refused(text), /it is in another namespace/);
    assert.equal(eye.driverOf(PF1), 'igb');
  });
});
