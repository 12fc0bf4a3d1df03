import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import type { ProtoGrpcType as NvaProto } from './gen/nva_service.js';
import type { ProtoGrpcType as SessionProto } from './gen/nve_session_service.js';
import type { ProtoGrpcType as StatusProto } from './gen/status.js';
import type { ProtoGrpcType as DetailsProto } from './gen/error_details.js';

/** scripts/generate-rpc-types.sh generates the types of `gen/` with the same. */
const LOADER_OPTIONS = {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
} as const;

export type Protos = NvaProto & SessionProto & StatusProto & DetailsProto;

export interface Loaded {
  /** Clients, service definitions and message types. */
  readonly protos: Protos;
  /** For server reflection. */
  readonly definition: PackageDefinition;
}

/** Reads proto/ from the package. */
export function loadProtos(): Loaded {
  const definition = loadSync(
    [
      'nfv/v1/nva_service.proto',
      'nfv/v1/nve_session_service.proto',
      'google/rpc/status.proto',
      'google/rpc/error_details.proto',
    ],
    {
      ...LOADER_OPTIONS,
      includeDirs: [fileURLToPath(new URL('../../../proto', import.meta.url))],
    },
  );
  // The types are generated from the same files, which TypeScript cannot know.
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions
  const protos = loadPackageDefinition(definition) as unknown as Protos;
  return { protos, definition };
}
