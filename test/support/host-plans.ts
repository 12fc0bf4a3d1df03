/** Plans for hosts with a fake kernel. */
import type { PlanInput } from '../../src/nve/host/plan/planning.js';
import { planHost } from '../../src/nve/host/plan/make-plan.js';
import type { HostPlan } from '../../src/model/host/plan.js';
import { parseHostProfile } from '../../src/model/host/profile.js';
import { describeStep } from '../../src/model/host/steps.js';
import type { FakeHost } from './fake-sysfs/host.js';

export async function planFor(
  host: FakeHost,
  yaml: string,
  more: Partial<PlanInput> = {},
): Promise<HostPlan> {
  return planHost({
    inventory: await host.inventory(),
    profile: parseHostProfile(yaml, 'host.yaml').value,
    startupConf: host.kernel.state.files.get('etc/vpp/startup.conf'),
    ledger: [],
    knownMacs: new Map(),
    ...more,
  });
}

export function stepTexts(plan: HostPlan): string[] {
  return plan.steps.map(({ step }) => describeStep(step));
}

/** `blocks nic-missing uplink: reason` */
export function findingTexts(plan: HostPlan): string[] {
  return plan.findings.map((f) => `${f.effect} ${f.check} ${f.subject}: ${f.reason}`);
}
