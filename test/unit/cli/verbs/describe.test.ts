import assert from 'node:assert/strict';
import { CliWorld } from '../../../support/cli-world.js';

describe('nfvctl describe', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  it('tells of a network, with its endpoints and NVEs', async () => {
    const { status, out } = await world.run('describe network blue');
    assert.equal(status, 0);
    assert.match(out, /^Name: +blue\n/);
    assert.match(out, /\nNVEs \(1\):\n {2}NAME .*\n {2}host-a /);
    assert.match(out, /\nEndpoints \(1\):\n {2}NAME .*\n {2}web-1 /);
  });

  it('tells of an NVE, with its endpoints', async () => {
    const { out } = await world.run('describe nve host-b');
    assert.match(out, /^Name: +host-b\n/);
    assert.match(out, /\nEndpoints: none\n$/);
  });

  it('tells of a network, with its subnets', async () => {
    await world.addRouting();
    const { out } = await world.run('describe network red');
    assert.match(out, /\nSubnets \(1\):\n {2}NAME .*\n {2}red-v4 /);
  });

  it('tells of a subnet, with its router and the endpoints with addresses in it', async () => {
    await world.addRouting();
    const { status, out } = await world.run('describe subnet blue-v4 red-v4');
    assert.equal(status, 0);
    assert.match(out, /^Name: +blue-v4\n[^]*\nRouter: +r1\n[^]*\nEndpoints \(1\):\n.*\n {2}web-1 /);
    assert.match(out, /\n\nName: +red-v4\n[^]*\nRouter: +-\n[^]*\nEndpoints: none\n$/);
  });

  it('tells of a router, with its subnets', async () => {
    await world.addRouting();
    const { out } = await world.run('describe router r1');
    assert.match(out, /\nSubnets \(1\):\n {2}NAME .*\n {2}blue-v4 [^\n]*\n\nRoutes: none\n$/);
    await world.run('update router r1 --subnet=');
    assert.match((await world.run('describe router r1')).out, /\nSubnets: none\n/);
  });

  it('tells of several, and of what is not there', async () => {
    const { status, out, err } = await world.run('describe ep/web-1 ep/web-9 nve/host-a');
    assert.equal(status, 3);
    assert.match(out, /^Name: +web-1\n[^]*\n\nName: +host-a\n/);
    assert.match(err, /^error: endpoints\/web-9 does not exist \(NOT_FOUND\)\n/);
  });

  it('tells of all where none is named', async () => {
    const { status, out } = await world.run('describe networks');
    assert.equal(status, 0);
    assert.deepEqual(out.match(/^Name: .*$/gm), [
      'Name:             blue',
      'Name:             red',
    ]);
    await world.run('delete endpoint web-1');
    assert.deepEqual(await world.run('describe endpoints'), {
      status: 0,
      out: '',
      err: 'no endpoints found\n',
    });
  });
});
