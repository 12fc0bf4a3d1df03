#!/bin/sh
# Writes src/rpc/gen from proto/, by the generator of @grpc/proto-loader. The options are those of
# LOADER_OPTIONS in src/rpc/load.ts. Not committed: every build makes it anew.
set -eu
cd "$(dirname "$0")/.."
out=src/rpc/gen
newest=$(find proto package-lock.json scripts/generate-rpc-types.sh -newer "$out/.made" 2>/dev/null | head -1 || true)
if [ -e "$out/.made" ] && [ -z "$newest" ]; then exit 0; fi
rm -rf "$out"
node_modules/.bin/proto-loader-gen-types \
  --keepCase --longs=Number --enums=String --defaults --oneofs \
  --grpcLib=@grpc/grpc-js --importFileExtension=.js --includeDirs=proto --outDir="$out" \
  nfv/v1/nva_service.proto nfv/v1/nve_session_service.proto nfv/v1/nva_replica_service.proto \
  google/rpc/status.proto google/rpc/error_details.proto etcd/rpc.proto
touch "$out/.made"
