/**
 * A running NVA with three NVEs (host-a, -b, -c at 192.0.2.1-3), the networks blue (VNI 100) and
 * red (200), and an endpoint of blue on host-a and on host-b; and fake agents for the NVEs.
 */
import assert from 'node:assert/strict';
import { NfvError } from '../../src/errors.js';
import type { WaitAppliedResult } from '../../src/model/api.js';
import type { EndpointSpec } from '../../src/model/endpoint.js';
import { FakeNve, type FakeNveOptions } from './fake-nve.js';
import { call, NvaHarness } from './nva-harness.js';
import { endpointSpec, networkSpec, nveSpec } from './specs.js';

export class SmallOverlay {
  readonly #nves: FakeNve[] = [];

  private constructor(readonly harness: NvaHarness) {}

  static async start(): Promise<SmallOverlay> {
    const overlay = new SmallOverlay(await NvaHarness.start());
    const { client: api } = overlay.harness;
    const request = { requestId: '', validateOnly: false };
    for (const [i, id] of ['host-a', 'host-b', 'host-c'].entries()) {
      await api.nves.create({ ...request, id, spec: nveSpec([`192.0.2.${i + 1}`]) }, call);
    }
    const blue = networkSpec({ vni: 100, prefixes: ['10.0.0.0/24'] });
    const red = networkSpec({ vni: 200 });
    await api.virtualNetworks.create({ ...request, id: 'blue', spec: blue }, call);
    await api.virtualNetworks.create({ ...request, id: 'red', spec: red }, call);
    await overlay.attach('blue-1', 1, 'host-a');
    await overlay.attach('blue-2', 2, 'host-b');
    return overlay;
  }

  /** An agent that is not connected yet; it is disconnected at the end. */
  fake(name: string, options: Partial<FakeNveOptions> = {}): FakeNve {
    const nve = new FakeNve({ name, socket: this.harness.socket, ...options });
    this.#nves.push(nve);
    return nve;
  }

  /** Creates endpoint `id` of blue with MAC 02:…:n and 10.0.0.n. @returns the revision */
  async attach(
    id: string,
    n: number,
    nve: string,
    more: Partial<EndpointSpec> = {},
  ): Promise<number> {
    const port = { kind: 'veth', netns: id, interface: 'eth0', hostInterface: '' } as const;
    const mac = `02:00:00:00:00:${n.toString(16).padStart(2, '0')}`;
    const spec = endpointSpec({
      network: 'blue',
      nve,
      mac,
      ips: [`10.0.0.${n}`],
      port,
      ...more,
    });
    const request = { id, spec, requestId: '', validateOnly: false };
    return (await this.harness.client.endpoints.create(request, call)).meta.revision;
  }

  wait(revision: number, timeoutMs = 5000): Promise<WaitAppliedResult> {
    return this.harness.client.waitApplied({ revision, timeoutMs }, call);
  }

  async close(): Promise<void> {
    for (const nve of this.#nves) await nve.disconnect();
    await this.harness.close();
  }
}

/** The error that an agent's session ended with. */
export async function endedWith(nve: FakeNve): Promise<NfvError> {
  const error = await nve.ended;
  assert.ok(error instanceof NfvError, String(error));
  return error;
}
