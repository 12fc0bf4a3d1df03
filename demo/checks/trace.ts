/** 10: nfvctl follows the ways between hosts, and reads what the ports counted. */
import { z } from 'zod';
import { expect, pair, type Check } from '../demo.js';
import { nfvctl, tryNfvctl } from '../daemons.js';

const counted = z.object({
  counters: z.array(
    z.object({
      endpoint: z.string(),
      counters: z.object({ rxPackets: z.number(), txPackets: z.number() }).optional(),
      code: z.string(),
    }),
  ),
});

export const trace: Check = async (demo) => {
  const [from, to] = pair(demo, 'blue');
  for (const way of [
    [from.id, to.id],
    [to.id, from.id],
  ]) {
    const { code, stdout } = await tryNfvctl(['trace', ...way]);
    expect(code === 0, `the way from ${way.join(' to ')} is not whole:\n${stdout}`);
  }
  const apart = demo.guests.find(({ network }) => network !== from.network);
  const broken = await tryNfvctl(['trace', from.id, apart?.id ?? '']);
  expect(broken.code === 1, `a way leads from ${from.network} to another network`);
  const text = await nfvctl(['counters', from.id, to.id, '-o', 'json']);
  const { counters } = counted.parse(JSON.parse(text));
  const told = counters.map(({ endpoint, counters: c, code }) => {
    if (c === undefined) return `${endpoint} has none (${code})`;
    expect(c.rxPackets > 0 && c.txPackets > 0, `${endpoint} has counted nothing`);
    return `${endpoint} sent ${c.rxPackets} packets`;
  });
  // VPP's are in a library that need not be there.
  const odd = counters.filter(({ code }) => code !== '' && code !== 'VPP_LIBRARY_MISSING');
  expect(odd.length === 0, `no counters: ${text}`);
  return `${from.id} to ${to.id} and back are whole; ${told.join(', ')}`;
};
