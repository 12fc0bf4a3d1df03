import assert from 'node:assert/strict';
import { NfvError } from '../../../../src/errors.js';
import { CliWorld } from '../../../support/cli-world.js';

const HOST_A = `apiVersion: nfv/v1
kind: Nve
metadata: {name: host-a, labels: {site: a}}
spec: {vtepAddresses: [10.77.0.1]}
`;

describe('nfvctl diff', () => {
  let world: CliWorld;
  beforeEach(async () => {
    world = await CliWorld.create();
  });

  it('is silent where nothing differs', async () => {
    const ran = await world.run('diff -f -', { stdin: HOST_A });
    assert.deepEqual(ran, { status: 0, out: '', err: '' });
    const { out } = await world.run('get all -o yaml');
    assert.deepEqual(await world.run('diff -f -', { stdin: out }), { status: 0, out: '', err: '' });
  });

  it('shows what apply would change, and changes nothing', async () => {
    const before = world.nva.revision;
    const stdin = HOST_A.replace('10.77.0.1]', '10.77.0.1, 10.77.0.9]').replace(
      'site: a',
      'site: b',
    );
    assert.deepEqual(await world.run('diff -f -', { stdin }), {
      status: 1,
      out: `--- live/nves/host-a
+++ stdin:1
@@ -3,7 +3,8 @@
 metadata:
   name: host-a
   labels:
-    site: a
+    site: b
 spec:
   vtepAddresses:
     - 10.77.0.1
+    - 10.77.0.9
`,
      err: '',
    });
    assert.equal(world.nva.revision, before);
  });

  it('shows what apply would create', async () => {
    const stdin = HOST_A.replace('host-a', 'host-z');
    const ran = await world.run('diff -f -', { stdin });
    assert.deepEqual(ran, {
      status: 1,
      out: `--- /dev/null
+++ stdin:1
@@ -0,0 +1,9 @@
+apiVersion: nfv/v1
+kind: Nve
+metadata:
+  name: host-z
+  labels:
+    site: a
+spec:
+  vtepAddresses:
+    - 10.77.0.1
`,
      err: '',
    });
  });

  it('is what apply then does', async () => {
    const stdin = `${HOST_A.replace('site: a', 'site: b')}---
apiVersion: nfv/v1
kind: Endpoint
metadata: {name: web-1}
spec: {network: blue, nve: host-b, port: {tap: {}}}
---
apiVersion: nfv/v1
kind: VirtualNetwork
metadata: {name: blue}
spec: {tenant: acme, prefixes: [10.0.0.0/16]}
`;
    assert.equal((await world.run('diff -f -', { stdin })).status, 1);
    assert.equal((await world.run('apply -f -', { stdin })).status, 0);
    assert.deepEqual(await world.run('diff -f -', { stdin }), { status: 0, out: '', err: '' });
  });

  it('is silent about an address that was given in a subnet, and about a gateway left out', async () => {
    await world.addRouting();
    await world.run('update endpoint web-1 --subnet blue-v4');
    const stdin = `apiVersion: nfv/v1
kind: Endpoint
metadata: {name: web-1}
spec: {network: blue, nve: host-a, port: {veth: {netns: web-1}}, subnets: [blue-v4]}
---
apiVersion: nfv/v1
kind: Subnet
metadata: {name: blue-v4}
spec: {network: blue, prefix: 10.0.0.0/24}
---
apiVersion: nfv/v1
kind: Router
metadata: {name: r1}
spec: {tenant: acme, subnets: [blue-v4]}
`;
    assert.deepEqual(await world.run('diff -f -', { stdin }), { status: 0, out: '', err: '' });
    const none = await world.run('diff -f -', {
      stdin: stdin.replace('/24}', "/24, gateway: ''}"),
    });
    assert.equal(none.status, 1);
    assert.match(none.out, /\n- {2}gateway: 10\.0\.0\.1\n\+ {2}gateway: ""\n/);
    const taken = await world.run('diff -f -', { stdin: stdin.replace('[blue-v4]}', '[]}') });
    assert.match(taken.out, /\n- {2}ips:\n- {4}- 10\.0\.0\.11\n- {2}subnets:\n- {4}- blue-v4\n/);
  });

  it('is coloured on a terminal', async () => {
    const stdin = HOST_A.replace('site: a', 'site: b');
    const { out } = await world.run('diff -f -', { stdin, tty: true });
    assert.match(out, /\n.\[31m- {4}site: a.\[39m\n.\[32m\+ {4}site: b.\[39m\n/);
  });

  it('has an exit status over 1 for errors', async () => {
    assert.equal((await world.run('diff -f -', { stdin: 'x: 1' })).status, 2);
    assert.equal((await world.run('diff')).status, 2);
    world.nva.failNext('nves.get', new NfvError('PROTOCOL_VERSION', 'x'));
    assert.equal((await world.run('diff -f -', { stdin: HOST_A })).status, 8);
  });
});
