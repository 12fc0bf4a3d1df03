/** 11: what is not ours is as it was. */
import { expect, hostOf, type Check } from '../demo.js';
import { inNetns, ipBatch, run } from '../run.js';

const HOST = hostOf('host-a');
const LINKS = ['foreign-br', 'foreign-vx'];
const MAC = '02:de:ad:be:ef:01';

/** Made before the product is started. */
export async function makeForeign(): Promise<void> {
  await ipBatch(
    [
      'link add name foreign-br type bridge',
      'link add name foreign-vx type vxlan id 4242 dstport 4789 local 10.77.0.1 nolearning',
      'link set dev foreign-vx master foreign-br',
      'link set dev foreign-br up',
      'link set dev foreign-vx up',
    ],
    HOST.name,
  );
  const entry = ['fdb', 'add', MAC, 'dev', 'foreign-vx', 'dst', '10.77.0.99'];
  await run(...inNetns(HOST.name, 'bridge', ...entry));
}

/** Everything the kernel tells of them, less what changes by itself. */
export async function describeForeign(): Promise<string> {
  const parts: string[] = [];
  for (const link of LINKS) {
    parts.push(await run('ip', ['-n', HOST.name, '-d', 'link', 'show', 'dev', link]));
    parts.push(await run(...inNetns(HOST.name, 'bridge', 'fdb', 'show', 'dev', link)));
  }
  // Timers of the bridge count down.
  return parts.join('\n').replace(/(\w+_timer) +[\d.]+/g, '$1');
}

export function foreign(before: string): Check {
  return async () => {
    const after = await describeForeign();
    expect(after === before, `they were changed:\n${before}\nnow:\n${after}`);
    expect(after.includes(MAC), 'the FDB entry was never there: the check shows nothing');
    return `bridge, vxlan device and FDB entry on ${HOST.name} are as they were made`;
  };
}
