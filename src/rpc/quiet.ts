import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';

/**
 * For programs: keeps grpc-js, which tells its callers of every failure, from also writing to
 * standard error; whoever sets GRPC_VERBOSITY hears it still.
 */
export function quietGrpc(env: NodeJS.ProcessEnv): void {
  if (env['GRPC_VERBOSITY'] !== undefined) return;
  setLogVerbosity(logVerbosity.NONE);
}
