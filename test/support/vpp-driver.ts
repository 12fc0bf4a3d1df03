/**
 * A VPP with a driver of our own for native ports, `nfvt`, which takes any PCI function of this machine and never
 * touches it. VPP loads drivers from beside its program (vnet_dev_load_drivers, vnet/dev/dev.c), so it is copied.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { parseBdf } from '../../src/model/host/bdf.js';
import type { VppInstallation } from './real-vpp.js';
import { skip } from './skip.js';
import { tempDir } from './temp-dir.js';

const SOURCE = fileURLToPath(
  new URL('../../../test/support/vpp-driver/nfvt_driver.c', import.meta.url),
);
const DEVICES = '/sys/bus/pci/devices';
/** VPP's headers want what each x86-64 of the last ten years has. */
const FLAGS = ['-O1', '-fPIC', '-shared', '-march=x86-64-v2'];

export interface VppWithDriver {
  readonly installation: VppInstallation;
  /** PCI functions of this machine. */
  readonly functions: readonly string[];
  remove(): void;
}

/** Skips where there is no compiler, no header or no PCI function. */
export async function withDriver(context: Context, found: VppInstallation): Promise<VppWithDriver> {
  const { headers, libraries } = found;
  if (headers === undefined) skip(context, 'VPP’s headers are not installed');
  if (libraries === undefined)
    skip(context, 'not with VPP_PREFIX: its drivers would have to be copied');
  const functions = pciFunctions();
  if (functions.length < 2) skip(context, 'this machine has not two PCI functions');
  const dir = tempDir();
  const vpp = join(dir.path, 'bin', 'vpp');
  const drivers = join(dir.path, 'lib', basename(libraries), 'vpp_drivers');
  for (const each of [join(dir.path, 'bin'), drivers]) mkdirSync(each, { recursive: true });
  copyFileSync(found.vpp, vpp);
  for (const name of readdirSync(join(libraries, 'vpp_drivers'))) {
    copyFileSync(join(libraries, 'vpp_drivers', name), join(drivers, name));
  }
  try {
    const output = join(drivers, 'nfvt_driver.so');
    await promisify(execFile)('cc', [...FLAGS, '-I', headers, '-o', output, SOURCE]);
  } catch (error) {
    dir.remove();
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (missing) skip(context, 'no C compiler (cc) to make a driver for VPP');
    throw error;
  }
  return {
    installation: { ...found, vpp },
    functions,
    remove: () => {
      dir.remove();
    },
  };
}

function pciFunctions(): readonly string[] {
  try {
    return readdirSync(DEVICES).filter((name) => parseBdf(name) === name);
  } catch {
    return [];
  }
}
