/** Who is at the other end of a call, for people. */
export function peerOf(call: { getPeer(): string }): string {
  const peer = call.getPeer();
  // grpc-js's word for a socket without an IP address.
  return peer === 'unknown' ? 'unix socket' : peer;
}
