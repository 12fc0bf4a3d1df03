/** The NVA's own migrations, on endpoints in memory; that they go on is told by a test. */
import { NfvError } from '../../src/errors.js';
import type { Clock } from '../../src/model/clock.js';
import type { Endpoint, EndpointSpec } from '../../src/model/endpoint.js';
import type { PlacedEndpoint } from '../../src/model/migration.js';
import { Migrations } from '../../src/nva/mobility/migrations.js';
import type { Commits, MemoryCollection } from './memory-collection.js';

export function memoryMigrations(
  endpoints: MemoryCollection<EndpointSpec, Endpoint>,
  commits: Pick<Commits, 'admit'>,
  clock: Clock,
): Migrations {
  return new Migrations(
    {
      async revise({ id, etag, validateOnly }, change) {
        commits.admit('migrations.revise');
        const before = endpoints.find(id);
        if (before === undefined) throw new NfvError('NOT_FOUND', `endpoints/${id} does not exist`);
        if (etag !== '' && etag !== before.meta.etag) {
          throw new NfvError('ETAG_MISMATCH', `endpoints/${id} has changed`);
        }
        const after = changed(before, change);
        const result = validateOnly ? after : endpoints.report(id, () => after);
        return await Promise.resolve(result);
      },
    },
    clock,
  );
}

function changed(before: Endpoint, change: (spec: PlacedEndpoint) => PlacedEndpoint): Endpoint {
  const { migration, ...status } = before.status;
  const placed = { ...before.spec, ...(migration === undefined ? {} : { migration }) };
  const { migration: after, ...spec } = change(placed);
  return {
    ...before,
    spec,
    status: { ...status, ...(after === undefined ? {} : { migration: after }) },
  };
}
