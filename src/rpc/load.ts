import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import type { ProtoGrpcType as NvaProto } from './gen/nva_service.js';
import type { ProtoGrpcType as SessionProto } from './gen/nve_session_service.js';
import type { ProtoGrpcType as ReplicaProto } from './gen/nva_replica_service.js';
import type { ProtoGrpcType as StatusProto } from './gen/status.js';
import type { ProtoGrpcType as DetailsProto } from './gen/error_details.js';
import type { ProtoGrpcType as EtcdProto } from './gen/rpc.js';

/** scripts/generate-rpc-types.sh generates the types of `gen/` with the same. */
const LOADER_OPTIONS = {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
} as const;

export type Protos = NvaProto & SessionProto & ReplicaProto & StatusProto & DetailsProto;

export interface Loaded {
  /** Clients, service definitions and message types. */
  readonly protos: Protos;
  /** For server reflection. */
  readonly definition: PackageDefinition;
}

let loaded: Loaded | undefined;

/** Reads proto/ from the package, once for the process: it takes a tenth of a second, and megabytes. */
export function loadProtos(): Loaded {
  return (loaded ??= readProtos());
}

function readProtos(): Loaded {
  const definition = load([
    'nfv/v1/nva_service.proto',
    'nfv/v1/nve_session_service.proto',
    'nfv/v1/nva_replica_service.proto',
    'google/rpc/status.proto',
    'google/rpc/error_details.proto',
  ]);
  // The types are generated from the same files, which TypeScript cannot know.
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions
  const protos = loadPackageDefinition(definition) as unknown as Protos;
  return { protos, definition };
}

/** Reads etcd's API. */
export function loadEtcdProto(): EtcdProto['etcdserverpb'] {
  // As above.
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions
  const protos = loadPackageDefinition(load(['etcd/rpc.proto'])) as unknown as EtcdProto;
  return protos.etcdserverpb;
}

function load(files: string[]): PackageDefinition {
  return loadSync(files, {
    ...LOADER_OPTIONS,
    includeDirs: [fileURLToPath(new URL('../../../proto', import.meta.url))],
  });
}
