/** VPP, started with the startup.conf that was written for it, and the NICs that were given to it. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { ALL_INTERFACES, ClientUnderTest, overSocket } from '../../support/vpp-under-test.js';
import * as eye from '../support/eye.js';
import { LabHost, PF0, PF1 } from '../support/lab-host.js';
import { API_SOCKET, LabVpp, needVpp, STARTUP_CONF, STATS_SOCKET } from '../support/lab-vpp.js';

describe('VPP on two NICs', () => {
  let host: LabHost;
  let vpp: LabVpp;
  let was: string[];
  const profile = (more: string): string => `
hugepages:
  - { size: 2M, node: 0, pages: 48 }
  - { size: 2M, node: 1, pages: 48 }
nics:
  - { name: up0, role: dpdk, match: { bdf: '${PF0}' } }
  - { name: up1, role: dpdk, match: { bdf: '${PF1}' }, rxDescriptors: 512 }
cpu: { mainCore: 0, workers: 1 }
vpp: { prefix: '${vpp.prefix}', group: root, plugins: [ping_plugin.so], ${more} }
`;

  before(async function () {
    vpp = new LabVpp(needVpp(this));
    host = new LabHost('ports');
    await vpp.open();
    writeFileSync(STARTUP_CONF, '# mine\nunix {\n  log /run/lab/vpp-own.log\n}\n');
    was = eye.everything();
  });
  after(async () => {
    await vpp.close();
  });

  it('is started with them', async () => {
    const { status, err, out } = await host.apply(profile('buffersPerNuma: 8192'));
    assert.equal(status, 0, err + out);
    for (let i = 0; i < 10; i++) {
      console.log(eye.run('sh', '-c', 'ps -o pid,ppid,stat,wchan:30,time,args -C vpp,vpp_main; cat /run/lab/vpp.log; cat /run/lab/vpp-own.log; ls /run/vpp; for p in $(pgrep vpp_main); do for t in /proc/$p/task/*; do echo $t; cat $t/comm $t/wchan $t/stack $t/syscall; done; done; true'));
      console.log(eye.run('/usr/sbin/systemctl', 'show', 'vpp', '-p', 'NRestarts,ActiveState,SubState,MainPID'));
      await new Promise((r) => setTimeout(r, 3000));
    }
    for (const c of ['show hardware', 'show threads', 'show plugins', 'show buffers'])
      console.log(vpp.cli(...c.split(' ')));
  });
  it('undo', async () => {
    console.log(await host.ok('undo'));
    assert.deepEqual(eye.everything(), was);
  });
});
