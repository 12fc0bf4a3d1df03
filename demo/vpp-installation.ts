/** Where a VPP is, for the demo and the tests: VPP_PREFIX, else the PATH. */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where a VPP is installed. */
export interface VppInstallation {
  readonly vpp: string;
  readonly vppctl: string;
  /** Its libraries, if they are not where the system looks. */
  readonly libraries: string | undefined;
  readonly plugins: string | undefined;
  /** `vnet/error.h` and the like, if they are installed. */
  readonly headers: string | undefined;
}

/** The VPP in VPP_PREFIX, else the one on the PATH; or why there is none. */
export function findVpp(): VppInstallation | string {
  const prefix = process.env['VPP_PREFIX'];
  if (prefix !== undefined && prefix !== '') {
    const vpp = join(prefix, 'bin', 'vpp');
    return existsSync(vpp) ? installedIn(prefix) : `no ${vpp} (VPP_PREFIX)`;
  }
  const dirs = (process.env['PATH'] ?? '').split(delimiter);
  const dir = dirs.find((each) => each !== '' && existsSync(join(each, 'vpp')));
  if (dir === undefined) return 'no VPP: neither VPP_PREFIX is set nor is vpp on the PATH';
  return {
    vpp: join(dir, 'vpp'),
    vppctl: join(dir, 'vppctl'),
    libraries: undefined,
    plugins: undefined,
    headers: existsSync('/usr/include/vnet') ? '/usr/include' : undefined,
  };
}

function installedIn(prefix: string): VppInstallation {
  const lib = join(prefix, 'lib');
  const triplets = existsSync(lib) ? readdirSync(lib).map((name) => join(lib, name)) : [];
  const libraries = [...triplets, lib].find((dir) => existsSync(join(dir, 'vpp_plugins'))) ?? lib;
  const headers = join(prefix, 'include');
  return {
    vpp: join(prefix, 'bin', 'vpp'),
    vppctl: join(prefix, 'bin', 'vppctl'),
    libraries,
    plugins: join(libraries, 'vpp_plugins'),
    headers: existsSync(headers) ? headers : undefined,
  };
}
