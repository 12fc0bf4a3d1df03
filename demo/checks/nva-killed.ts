/** 4: kill -9 of the NVA under a running ping, and in the middle of writes. */
import { randomUUID } from 'node:crypto';
import { NEW_VIRTUAL_NETWORK } from '../../src/model/virtual-network.js';
import { call, expect, pair, type Check, type Demo } from '../demo.js';
import { RunningPing } from '../ping.js';
import { until } from '../run.js';

export const nvaKilled: Check = async (demo) => {
  const [from, to] = pair(demo, 'blue');
  const ping = new RunningPing(from.netns, to.ipv4, { count: 500, interval: 0.01 });
  await until('the ping runs', 5000, () => ping.replies > 50);
  const writer = startWriter(demo);
  await until('writes are accepted', 5000, () => writer.accepted.length > 20);
  await demo.nva.kill();
  await writer.ended;
  await demo.nva.start();
  const { sent, received } = await ping.finished();
  expect(received === sent, `${sent - received} of ${sent} pings lost`);
  for (const id of writer.accepted) {
    await demo.client.virtualNetworks.get(id, call());
    await demo.client.virtualNetworks.delete({ id, etag: '', validateOnly: false }, call());
  }
  return `${sent} pings, 0 lost; the ${writer.accepted.length} writes it had just accepted are all there`;
};

/** Creates one network after another until the NVA is gone. */
function startWriter({ client }: Demo): { accepted: string[]; ended: Promise<void> } {
  const accepted: string[] = [];
  const write = async (): Promise<void> => {
    for (let n = 0; ; n++) {
      const id = `written-${n}`;
      const request = {
        id,
        spec: NEW_VIRTUAL_NETWORK,
        requestId: randomUUID(),
        validateOnly: false,
      };
      await client.virtualNetworks.create(request, call());
      accepted.push(id);
    }
  };
  // It can only end by the failure that is wanted.
  return { accepted, ended: write().catch(() => undefined) };
}
