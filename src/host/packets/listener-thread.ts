/** The thread of `PacketListener`: waits for frames, and for what the other thread says. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Listening } from './listening.js';
import { loadLibc } from './libc.js';
import { listenerData, toListener, type FromListener } from './messages.js';

const port = parentPort;
if (port !== null) {
  const { bell } = listenerData.parse(workerData);
  const listening = new Listening(loadLibc(), (message: FromListener) => {
    port.postMessage(message);
  });
  for (let goesOn = true; goesOn;) {
    listening.wait(bell);
    for (
      let said = receiveMessageOnPort(port);
      said !== undefined;
      said = receiveMessageOnPort(port)
    ) {
      goesOn = listening.told(toListener.parse(said.message)) && goesOn;
    }
  }
  port.close();
}
