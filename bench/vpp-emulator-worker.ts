/** An emulator for vpp-target.ts: tells its socket's path, and ends with its parent. */
import { EmulatedVpp } from '../test/support/emulated-vpp.js';

const vpp = new EmulatedVpp();
await vpp.start();
process.send?.(vpp.path);
process.once('disconnect', () => {
  void vpp.remove();
});
