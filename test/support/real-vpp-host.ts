/** A network namespace of a suite, with a pair of interfaces in it, and a real VPP that runs there. */
import { needNetns, Netns } from './netns.js';
import { findVpp, RealVpp } from './real-vpp.js';
import { skip } from './skip.js';

/**
 * To be called in a suite, which is skipped where there is no VPP.
 * @returns what makes a VPP of it
 */
export function realVppHost(pair: readonly [string, string]): () => RealVpp {
  const found = findVpp();
  let host: Netns | undefined;

  before(async function () {
    if (typeof found === 'string') skip(this, found);
    await needNetns(this);
    host = await Netns.create();
    const [name, peer] = pair;
    await host.ip('link', 'add', 'name', name, 'type', 'veth', 'peer', 'name', peer);
  });
  after(() => host?.close());

  return () => {
    if (typeof found === 'string' || host === undefined) throw new Error('skipped');
    return new RealVpp(found, { netns: host.name });
  };
}
