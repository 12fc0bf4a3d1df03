import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';

/**
 * For programs: keeps grpc-js, which tells its callers of every failure, from also writing to
 * standard error; whoever sets GRPC_VERBOSITY hears it still. It names an IP address as TLS server
 * name, too, of which Node warns (DEP0123): nothing that an operator could mend.
 */
export function quietGrpc(env: NodeJS.ProcessEnv): void {
  if (env['GRPC_VERBOSITY'] !== undefined) return;
  setLogVerbosity(logVerbosity.NONE);
  process.noDeprecation = true;
}
