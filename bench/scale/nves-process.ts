/** A process of many NVEs: does what messages.ts says, and ends with its parent. */
import { NveSessionClient } from '../../src/rpc/nve-client.js';
import { BareStream } from './bare-stream.js';
import { parseOrder, type Answer, type Order, type Traffic } from './messages.js';
import { ScaleNve } from './nve.js';
import type { Peer } from './peer.js';

const client = new NveSessionClient();
const peers = new Map<string, Peer>();

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case 'connect':
      for (const name of order.names) {
        const { socket } = order;
        const peer = order.bare ? new BareStream(name, socket) : new ScaleNve(name, socket, client);
        peers.set(name, peer);
        void peer.run();
      }
      break;
    case 'await_in_step':
      await Promise.all([...peers.values()].map((peer) => peer.inStep()));
      break;
    case 'cut':
      for (const peer of peers.values()) if (['', peer.name].includes(order.name)) peer.cut();
      break;
    case 'forget': {
      const peer = peers.get(order.name);
      if (peer instanceof ScaleNve) peer.forget();
      peer?.cut();
      break;
    }
    case 'traffic':
      break;
  }
}

function traffic(): Record<string, Traffic> {
  return Object.fromEntries([...peers].map(([name, peer]) => [name, peer.traffic]));
}

process.on('message', (message) => {
  const { id, order } = parseOrder(message);
  const answer = (error: string): void => {
    const told: Answer = { id, traffic: order.kind === 'traffic' ? traffic() : {}, error };
    process.send?.(told);
  };
  obey(order).then(
    () => {
      answer('');
    },
    (error: unknown) => {
      answer(String(error));
    },
  );
});
process.once('disconnect', () => {
  process.exit();
});
