import { needNetns, Netns } from '../support/netns.js';
import { findVpp, RealVpp } from '../support/real-vpp.js';
import { skip } from '../support/skip.js';
import { vppDataplaneContract } from '../support/vpp-dataplane-contract.js';
import { CommandLineEye } from '../support/vpp-eye.js';

describe('VPP dataplane on a real VPP', function () {
  this.timeout(60_000);
  const found = findVpp();
  let host: Netns | undefined;

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    host = await Netns.create();
    await host.ip('link', 'add', 'name', 'g0', 'type', 'veth', 'peer', 'name', 'g1');
  });
  after(() => host?.close());

  vppDataplaneContract({
    create: () => {
      if (typeof found === 'string' || host === undefined) throw new Error('skipped');
      return new RealVpp(found, { netns: host.name });
    },
    eyeOf: ({ client }) => new CommandLineEye(client),
    hostInterface: 'g0',
  });
});
