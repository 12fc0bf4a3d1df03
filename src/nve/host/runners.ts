/** What each kind of step looks at, and what it does. */
import { makeBind, observeBind } from '../../dpdk/bind.js';
import { NO_IOMMU_PATH } from '../../dpdk/iommu.js';
import {
  makeLink,
  makeManaged,
  makeNetdev,
  observeLink,
  observeManaged,
  observeNetdev,
} from '../../dpdk/netdev-steps.js';
import { makeHugepages, observeHugepages } from '../../dpdk/set-hugepages.js';
import { makeService, observeService } from '../../dpdk/vpp-service.js';
import { WRITE_MS, type HostDoors, type Observed } from '../../host/doors.js';
import { readText, removeDurably, writeDurably } from '../../host/durable-file.js';
import { observeModule, setLoaded } from '../../host/modules.js';
import { explained } from '../../host/kernel-answers.js';
import type { Step, StepOf } from '../../model/host/steps.js';
import {
  makeAutoprobe,
  makeEswitch,
  observeAutoprobe,
  observeEswitch,
} from '../../sriov/set-pf.js';
import { makeVf, observeVf } from '../../sriov/set-vf.js';
import { makeVfs, observeVfs } from '../../sriov/set-vfs.js';

/** Bytes of a file that a step writes; VPP takes 256 KiB. */
export const MAX_FILE = 1024 * 1024;

type HostStep = StepOf<'service' | 'hugepages' | 'module' | 'noIommu' | 'file'>;
type FunctionStep = Exclude<Step, HostStep>;

function isHostStep(step: Step): step is HostStep {
  return ['service', 'hugepages', 'module', 'noIommu', 'file'].includes(step.kind);
}

/** Whether the host is as the step wants it. @throws NfvError of the readers */
export function observeStep(doors: HostDoors, step: Step, signal: AbortSignal): Promise<Observed> {
  return isHostStep(step)
    ? observeHostStep(doors, step, signal)
    : observeFunctionStep(doors, step, signal);
}

/**
 * Makes the host so; nothing is done where it is so. What a step waits for or tries again is
 * bounded. @throws NfvError with what to do about it
 */
export function makeStep(doors: HostDoors, step: Step, signal: AbortSignal): Promise<void> {
  return isHostStep(step)
    ? makeHostStep(doors, step, signal)
    : makeFunctionStep(doors, step, signal);
}

async function observeHostStep(
  doors: HostDoors,
  step: HostStep,
  signal: AbortSignal,
): Promise<Observed> {
  switch (step.kind) {
    case 'service':
      return observeService(doors, step, signal);
    case 'hugepages':
      return observeHugepages(doors, step);
    case 'module':
      return observeModule(doors, step.name, step.loaded);
    case 'noIommu': {
      const flag = await doors.files.text(NO_IOMMU_PATH);
      return { holds: (flag === 'Y') === step.enabled, found: flag ?? 'no such mode' };
    }
    case 'file': {
      const content = await readText(doors.files.path(step.path.slice(1)), MAX_FILE);
      const found = content === undefined ? 'no file' : `${content.length} characters`;
      return { holds: (content ?? null) === step.content, found };
    }
  }
}

function observeFunctionStep(
  doors: HostDoors,
  step: FunctionStep,
  signal: AbortSignal,
): Promise<Observed> {
  switch (step.kind) {
    case 'managed':
      return observeManaged(doors, step, signal);
    case 'link':
      return observeLink(doors, step, signal);
    case 'autoprobe':
      return observeAutoprobe(doors, step);
    case 'vfs':
      return observeVfs(doors, step, signal);
    case 'eswitch':
      return observeEswitch(doors, step, signal);
    case 'vf':
      return observeVf(doors, step, signal);
    case 'bind':
      return observeBind(doors, step, signal);
    case 'netdev':
      return observeNetdev(doors, step, signal);
  }
}

async function makeHostStep(doors: HostDoors, step: HostStep, signal: AbortSignal): Promise<void> {
  switch (step.kind) {
    case 'service':
      return makeService(doors, step, signal);
    case 'hugepages':
      return makeHugepages(doors, step, signal);
    case 'module':
      return setLoaded(doors, step.name, step.loaded, signal);
    case 'noIommu':
      return setNoIommu(doors, step, signal);
    case 'file': {
      const path = doors.files.path(step.path.slice(1));
      return step.content === null ? removeDurably(path) : writeDurably(path, step.content);
    }
  }
}

async function setNoIommu(
  { writer }: HostDoors,
  { enabled }: StepOf<'noIommu'>,
  signal: AbortSignal,
): Promise<void> {
  try {
    await writer.write(NO_IOMMU_PATH, enabled ? 'Y' : 'N', { deadlineMs: WRITE_MS, signal });
  } catch (error) {
    throw explained('noIommu', error, undefined);
  }
}

function makeFunctionStep(
  doors: HostDoors,
  step: FunctionStep,
  signal: AbortSignal,
): Promise<void> {
  switch (step.kind) {
    case 'managed':
      return makeManaged(doors, step, signal);
    case 'link':
      return makeLink(doors, step, signal);
    case 'autoprobe':
      return makeAutoprobe(doors, step, signal);
    case 'vfs':
      return makeVfs(doors, step, signal);
    case 'eswitch':
      return makeEswitch(doors, step, signal);
    case 'vf':
      return makeVf(doors, step, signal);
    case 'bind':
      return makeBind(doors, step, signal);
    case 'netdev':
      return makeNetdev(doors, step, signal);
  }
}
