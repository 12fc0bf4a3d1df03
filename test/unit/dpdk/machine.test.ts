import assert from 'node:assert/strict';
import { hypervisorOf } from '../../../src/dpdk/machine.js';

describe('hypervisorOf', () => {
  const GUEST = 'fpu sse2 hypervisor lahf_lm';
  const rows = [
    ['Amazon EC2', 'c6in.16xlarge', GUEST, 'aws'],
    ['Amazon EC2', 'c6in.metal', 'fpu sse2', 'none'],
    ['QEMU', 'Standard PC (Q35 + ICH9, 2009)', GUEST, 'kvm'],
    ['VMware, Inc.', 'VMware7,1', GUEST, 'vmware'],
    ['Microsoft Corporation', 'Virtual Machine', GUEST, 'hyperv'],
    ['Google', 'Google Compute Engine', GUEST, 'google'],
    ['', '', GUEST, 'other'],
    ['Dell Inc.', 'PowerEdge R750', 'fpu sse2', 'none'],
  ] as const;
  for (const [vendor, product, flags, expected] of rows) {
    it(`${vendor} ${product}: ${expected}`, () => {
      assert.equal(hypervisorOf(vendor, product, flags), expected);
    });
  }
});
