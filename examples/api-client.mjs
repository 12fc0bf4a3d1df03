#!/usr/bin/env node
/**
 * A client of the NVA's API in one page, with nothing but gRPC: docs/api.md quotes from it.
 *
 *     node examples/api-client.mjs unix:/run/nfvd/nva.sock
 *
 * It makes a network, watches it, changes it, waits until that is applied, and deletes it.
 */
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { promisify } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const { nfv, google } = loadPackageDefinition(
  loadSync(
    ['nfv/v1/nva_service.proto', 'google/rpc/status.proto', 'google/rpc/error_details.proto'],
    {
      includeDirs: [fileURLToPath(new URL('../proto', import.meta.url))],
      keepCase: true,
      longs: Number,
      enums: String,
      defaults: true,
      oneofs: true,
    },
  ),
);

const [target = 'unix:/run/nfvd/nva.sock'] = process.argv.slice(2);
const client = new nfv.v1.NvaService(target, credentials.createInsecure());

/** One call with a deadline. */
function call(method, request, timeoutMs = 10_000) {
  const unary = promisify(client[method]).bind(client);
  return unary(request, { deadline: Date.now() + timeoutMs });
}

/** The code, the remedy and the bad fields of an error. */
function detailsOf(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const found = { code: '', remedy: '', fields: [] };
  if (bytes === undefined) return found;
  for (const { type_url, value } of google.rpc.Status.deserialize(bytes).details) {
    if (type_url.endsWith('google.rpc.ErrorInfo')) {
      const info = google.rpc.ErrorInfo.deserialize(value);
      found.code = info.reason;
      found.remedy = info.metadata.remedy;
    } else if (type_url.endsWith('google.rpc.BadRequest')) {
      found.fields = google.rpc.BadRequest.deserialize(value).field_violations;
    }
  }
  return found;
}

const print = (text) => process.stdout.write(`${text}\n`);

// The request id makes this safe to repeat when the answer is lost.
const created = await call('CreateVirtualNetwork', {
  virtual_network_id: 'api-example',
  virtual_network: { tenant: 'example', prefixes: ['10.9.0.0/24'] },
  request_id: randomUUID(),
});
print(`created ${created.name} with VNI ${created.vni} at revision ${created.revision}`);

const page = await call('ListVirtualNetworks', {
  filter: 'tenant = example AND bum_mode = HEAD_END',
});
print(`listed ${page.virtual_networks.map(({ name }) => name).join(', ')}`);

// Whatever happens after the list was made is seen.
const watch = client.Watch({
  kinds: ['RESOURCE_KIND_VIRTUAL_NETWORK'],
  filter: 'name = api-example',
  start_revision: page.revision,
});
const events = watch[Symbol.asyncIterator]();

// Only while it is still the one that was read.
const updated = await call('UpdateVirtualNetwork', {
  virtual_network: { name: created.name, etag: created.etag, mtu: 1400 },
  update_mask: { paths: ['mtu'] },
});
const { value: event } = await events.next();
print(`${event.type} ${event.virtual_network.name}: MTU ${event.virtual_network.mtu}`);

try {
  await call('UpdateVirtualNetwork', {
    virtual_network: { name: created.name, mtu: 70_000 },
    update_mask: { paths: ['mtu'] },
  });
} catch (error) {
  const { code, remedy, fields } = detailsOf(error);
  print(`${code}: ${fields.map(({ field, description }) => `${field}: ${description}`).join()}`);
  print(`remedy: ${remedy}`);
}

// The deadline of the call leaves the NVA the time it is asked to wait.
const { applied, laggards } = await call(
  'WaitApplied',
  { revision: updated.revision, timeout: { seconds: 5 } },
  10_000,
);
print(
  applied
    ? 'applied by every NVE'
    : laggards.map(({ nve, code, reason }) => `${nve}: ${reason} (${code})`).join('\n'),
);

await call('DeleteVirtualNetwork', { name: created.name });
const { value: gone } = await events.next();
print(`${gone.type} ${gone.virtual_network.name}`);

await events.return();
watch.cancel();
client.close();
