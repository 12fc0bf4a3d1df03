/** Connections that come to nothing since the peer's certificate is not taken: the peer is told little, and nobody else anything. */
import { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Server as GrpcServer } from '@grpc/grpc-js';
import type { TlsSource } from './tls-keeper.js';

/** @param tls what the server looks at certificates with; it is told of each that is not taken */
export function tellRefusedPeers(server: TlsServer, tls: TlsSource): void {
  // Once it is closed, a socket knows its peer only if it was asked before.
  server.on('connection', (socket: Socket) => socket.remoteAddress);
  server.on('tlsClientError', (_, socket) => {
    // Of a port that is scanned, or looked at by a load balancer, there is no certificate.
    const reason: unknown = socket.authorizationError;
    if (typeof reason !== 'string') return;
    // The TLS socket itself has forgotten it by now.
    const below: unknown = Reflect.get(socket, '_parent');
    tls.peerRefused(below instanceof Socket ? socketPeerOf(below) : '', reason);
  });
}

/** Those that a gRPC server has bound so far and `known` does not have, which has them from then on. */
export function* newTlsServers(
  server: GrpcServer,
  known: WeakSet<TlsServer>,
): Generator<TlsServer> {
  // grpc-js has no other way to them; without one nobody is told.
  const bound: unknown = Reflect.get(server, 'http2Servers');
  if (!(bound instanceof Map)) return;
  for (const each of bound.keys()) {
    if (!(each instanceof TlsServer) || known.has(each)) continue;
    known.add(each);
    yield each;
  }
}

/** Address and port; empty: it does not know any more. */
export function socketPeerOf({
  remoteAddress,
  remotePort,
}: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  if (remoteAddress === undefined || remotePort === undefined) return '';
  return remoteAddress.includes(':')
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}
