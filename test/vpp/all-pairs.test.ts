import { needNetns, Netns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { vppAllPairs } from '../support/vpp-all-pairs.js';
import { CommandLineEye } from '../support/vpp-eye.js';

describe('configurations of a real VPP', function () {
  this.timeout(120_000);
  const found = findVpp();
  let host: Netns | undefined;

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    host = await Netns.create();
    await host.ip('link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1');
  });
  after(() => host?.close());

  vppAllPairs({
    create: () => {
      if (typeof found === 'string' || host === undefined) throw new Error('skipped');
      return new RealVpp(found, { netns: host.name });
    },
    eyeOf: ({ client }) => new CommandLineEye(client),
  });
});
