/**
 * Whatever is changed in whatever order, while agents and the NVA come and go: in the end each NVE
 * holds what a full compile gives it, and nothing else, and the NVA never says so before.
 */
import fc from 'fast-check';
import { NfvError, type ErrorCode } from '../../../src/errors.js';
import type { NvaApi } from '../../../src/model/api.js';
import type { EndpointSpec } from '../../../src/model/endpoint.js';
import type { NveSpec } from '../../../src/model/nve.js';
import type { VirtualNetworkSpec } from '../../../src/model/virtual-network.js';
import { AgentFleet } from '../../support/agent-fleet.js';
import { applyAll, put } from '../../support/changes-world.js';
import { call } from '../../support/nva-harness.js';
import { change, create } from '../../support/small-model.js';
import { endpointSpec, networkSpec, nveSpec } from '../../support/specs.js';

const NVES = ['host-a', 'host-b', 'host-c', 'host-d'];
const NETWORKS = ['red', 'blue'];
const ENDPOINTS = ['e-1', 'e-2', 'e-3', 'e-4', 'e-5'];

/** What may well be refused when steps come in any order. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ALREADY_EXISTS',
  'NOT_FOUND',
  'REFERENCE_NOT_FOUND',
  'RESOURCE_IN_USE',
  // Of an endpoint that is attached anew, when another has its addresses by now.
  'MAC_IN_USE',
  'IP_IN_USE',
]);

const gone = (id: string): { id: string; etag: string; validateOnly: boolean } => ({
  id,
  etag: '',
  validateOnly: false,
});
const addressOf = (nve: string, n: number): string => `192.0.2.${NVES.indexOf(nve) * 10 + n}`;

function endpointOf(id: string, network: string, nve: string): EndpointSpec {
  const n = ENDPOINTS.indexOf(id) + 1;
  const port = { kind: 'veth', netns: id, interface: 'eth0', hostInterface: '' } as const;
  const mac = `02:00:00:00:00:0${n}`;
  return endpointSpec({ network, nve, port, mac, ips: [`10.0.0.${n}`, `fd00::${n}`] });
}

/** What a run remembers. */
interface Memory {
  /** The store's revision after the last change that was accepted. */
  revision: number;
}

class Step implements fc.AsyncCommand<Memory, AgentFleet> {
  constructor(
    private readonly text: string,
    private readonly act: (fleet: AgentFleet, memory: Memory) => Promise<void>,
  ) {}

  check(): boolean {
    return true;
  }

  run(memory: Memory, fleet: AgentFleet): Promise<void> {
    return this.act(fleet, memory);
  }

  toString(): string {
    return this.text;
  }
}

/** A step that asks the API, and may be refused. */
function ask(text: string, act: (api: NvaApi) => Promise<unknown>): Step {
  return new Step(text, async ({ harness }, memory) => {
    try {
      await act(harness.client);
      memory.revision = harness.store.status().revision;
    } catch (thrown) {
      if (!(thrown instanceof NfvError) || !REFUSALS.has(thrown.code)) throw thrown;
    }
  });
}

const createNve = (id: string): Step =>
  ask(`create ${id}`, (api) => api.nves.create(create(id, nveSpec([addressOf(id, 1)])), call));
const createNetwork = (id: string): Step =>
  ask(`create ${id}`, (api) => {
    const spec = networkSpec({ vni: 100 + NETWORKS.indexOf(id) });
    return api.virtualNetworks.create(create(id, spec), call);
  });
const attach = ([id, network, nve]: readonly [string, string, string]): Step =>
  ask(`attach ${id} to ${network} on ${nve}`, (api) =>
    api.endpoints.create(create(id, endpointOf(id, network, nve)), call),
  );

/** By one Apply: neither address is free in between. */
const exchange = ([a, b]: readonly string[]): Step =>
  ask(`exchange the addresses of ${a ?? ''} and ${b ?? ''}`, async (api) => {
    const one = await api.endpoints.get(a ?? '', call);
    const other = await api.endpoints.get(b ?? '', call);
    const given = [
      [one, other.spec],
      [other, one.spec],
    ] as const;
    const wanted = given.map(([{ id, spec }, { mac, ips }]) =>
      put({ kind: 'Endpoint', id, spec: { ...spec, mac, ips } }),
    );
    await applyAll(api, ...wanted);
  });

const nve = fc.constantFrom(...NVES);
const network = fc.constantFrom(...NETWORKS);
const endpoint = fc.constantFrom(...ENDPOINTS);

const attaches = fc.tuple(endpoint, network, nve).map(attach);
const connects = nve.map((id) => new Step(`connect ${id}`, (fleet) => fleet.connect(id)));
const looks = fc.constant(new Step('look', (fleet) => fleet.checkClaim()));

const networkChanges = fc.constantFrom<Partial<VirtualNetworkSpec>>(
  { mtu: 1400 },
  { mtu: 0 },
  { arpSuppression: false },
  { arpSuppression: true },
  { bumMode: 'NONE' },
  { bumMode: 'HEAD_END' },
);
const endpointChanges = fc.oneof(
  nve.map((id): Partial<EndpointSpec> => ({ nve: id })),
  fc.constantFrom<Partial<EndpointSpec>>({ adminState: 'DOWN' }, { adminState: 'UP' }),
);

/** What happens more often stands here more often. */
const STEPS = [
  ...[attaches, attaches, attaches, connects, connects, looks, looks],
  nve.map(createNve),
  nve.map((id) => ask(`delete ${id}`, (api) => api.nves.delete(gone(id), call))),
  fc.tuple(nve, fc.integer({ min: 1, max: 2 })).map(([id, n]) =>
    ask(`readdress ${id} to ${addressOf(id, n)}`, (api) => {
      const fields: Partial<NveSpec> = { vtepAddresses: [addressOf(id, n)] };
      return api.nves.update(change(id, fields), call);
    }),
  ),
  network.map(createNetwork),
  network.map((id) => ask(`delete ${id}`, (api) => api.virtualNetworks.delete(gone(id), call))),
  fc
    .tuple(network, networkChanges)
    .map(([id, fields]) =>
      ask(`update ${id}: ${JSON.stringify(fields)}`, (api) =>
        api.virtualNetworks.update(change(id, fields), call),
      ),
    ),
  endpoint.map((id) => ask(`detach ${id}`, (api) => api.endpoints.delete(gone(id), call))),
  fc
    .tuple(endpoint, endpointChanges)
    .map(([id, fields]) =>
      ask(`update ${id}: ${JSON.stringify(fields)}`, (api) =>
        api.endpoints.update(change(id, fields), call),
      ),
    ),
  fc.shuffledSubarray(ENDPOINTS, { minLength: 2, maxLength: 2 }).map(exchange),
  nve.map((id) => new Step(`disconnect ${id}`, (fleet) => fleet.disconnect(id))),
  fc.tuple(nve, fc.constantFrom(1500, 1600, 9000)).map(([id, mtu]) => {
    const underlays = [1, 2].map((n) => ({ address: addressOf(id, n), interface: 'eth0', mtu }));
    return new Step(`underlay of ${id}: ${mtu}`, (fleet) => fleet.moveUnderlay(id, underlays));
  }),
  fc.constant(new Step('restart the NVA', (fleet) => fleet.restartNva())),
];

describe('nva: whatever happens', () => {
  it('each NVE comes to hold its own, and the NVA knows when', async () => {
    const commands = fc.commands(STEPS, { maxCommands: 40, size: 'max' });
    const property = fc.asyncProperty(commands, async (steps) => {
      const fleet = await AgentFleet.start(NVES);
      const memory: Memory = { revision: 0 };
      try {
        for (const id of NVES) await createNve(id).run(memory, fleet);
        for (const id of NETWORKS) await createNetwork(id).run(memory, fleet);
        for (const id of NVES) await fleet.connect(id);
        await fc.asyncModelRun(() => ({ model: memory, real: fleet }), steps);
        await fleet.checkRest(memory.revision);
      } finally {
        await fleet.close();
      }
    });
    await fc.assert(property, { numRuns: 6, endOnFailure: true });
  }).timeout(180_000);
});
