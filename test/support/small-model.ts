/**
 * A running NVA, reached over gRPC, with the NVEs host-a (192.0.2.1) and host-b (192.0.2.2,
 * 2001:db8::2), the network blue (VNI 100, two prefixes), and the endpoint web in it on host-a.
 */
import assert from 'node:assert/strict';
import { NfvError } from '../../src/errors.js';
import type { CreateRequest, UpdateRequest } from '../../src/model/api.js';
import type { EndpointSpec } from '../../src/model/endpoint.js';
import { eventually } from './eventually.js';
import { call, NvaHarness } from './nva-harness.js';
import { endpointSpec, networkSpec, nveSpec } from './specs.js';

export async function startSmallModel(): Promise<NvaHarness> {
  const harness = await NvaHarness.start();
  const { client: api } = harness;
  await api.nves.create(create('host-a', nveSpec(['192.0.2.1'])), call);
  await api.nves.create(create('host-b', nveSpec(['192.0.2.2', '2001:db8::2'])), call);
  const blue = networkSpec({ vni: 100, prefixes: ['10.0.0.0/24', 'fd00::/64'] });
  await api.virtualNetworks.create(create('blue', blue), call);
  await api.endpoints.create(create('web', web()), call);
  // With this the NVA has nothing more to write by itself.
  await eventually(async () => (await api.endpoints.get('web', call)).status.reasonCode !== '');
  return harness;
}

export function create<S>(id: string, spec: S, requestId = ''): CreateRequest<S> {
  return { id, spec, requestId, validateOnly: false };
}

export function change<S>(id: string, changes: Partial<S>, etag = ''): UpdateRequest<S> {
  return { id, changes, etag, validateOnly: false };
}

export const everything = { pageSize: 0, pageToken: '', filter: '' };

export function web(fields: Partial<EndpointSpec> = {}): EndpointSpec {
  return endpointSpec({
    network: 'blue',
    nve: 'host-a',
    mac: '02:00:00:00:00:01',
    ips: ['10.0.0.1', 'fd00::1'],
    ...fields,
  });
}

/** An endpoint that can be beside web. */
export function beside(fields: Partial<EndpointSpec> = {}): EndpointSpec {
  const port = { kind: 'veth', netns: 'other', interface: 'eth0', hostInterface: '' } as const;
  return web({ mac: '02:00:00:00:00:02', ips: [], port, ...fields });
}

/** What a promise was rejected with. */
export async function rejected(promise: Promise<unknown>): Promise<NfvError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof NfvError, String(error));
    return error;
  }
  assert.fail('it did not fail');
}
