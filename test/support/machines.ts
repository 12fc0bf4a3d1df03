/** The machines that docs/statemachines.md shows, in its order: one line adds one. */
import type { AnyStateMachine } from 'xstate';
import { endpointMachine } from '../../src/statemachine/endpoint.js';
import { hostMachine } from '../../src/statemachine/host.js';
import { migrationMachine } from '../../src/statemachine/migration.js';
import { nicMachine } from '../../src/statemachine/nic.js';
import { nveSessionMachine } from '../../src/statemachine/nve-session.js';
import { vppSessionMachine } from '../../src/statemachine/vpp-session.js';

export interface ShownMachine {
  readonly machine: AnyStateMachine;
  readonly file: string;
}

export const MACHINES: readonly ShownMachine[] = [
  { machine: nveSessionMachine, file: 'src/statemachine/nve-session.ts' },
  { machine: vppSessionMachine, file: 'src/statemachine/vpp-session.ts' },
  { machine: hostMachine, file: 'src/statemachine/host.ts' },
  { machine: nicMachine, file: 'src/statemachine/nic.ts' },
  { machine: endpointMachine, file: 'src/statemachine/endpoint.ts' },
  { machine: migrationMachine, file: 'src/statemachine/migration.ts' },
];
