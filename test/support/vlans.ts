import { cable, exec, Netns } from './netns.js';

/** Whether the kernel has 8021q, or gets it. */
export async function hasVlans(): Promise<boolean> {
  await exec('modprobe', ['8021q']);
  const ns = await Netns.create();
  await cable([ns, 'a'], [ns, 'b']);
  const vlan = ['name', 'v', 'type', 'vlan', 'id', '5'];
  const made = await ns.try('ip', 'link', 'add', 'link', 'a', ...vlan);
  await ns.close();
  return made.code === 0;
}
