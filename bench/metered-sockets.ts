import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { TLSSocket } from 'node:tls';

/** Bytes that servers of this process send over TLS from now on: of a twin, those of its API server. */
export function meterTls(): { bytes(): number; stop(): void } {
  const sockets = new Map<TLSSocket, number>();
  const seen = (message: unknown): void => {
    const { socket } = message as { readonly socket: TLSSocket };
    if (socket.encrypted === true) sockets.set(socket, sockets.get(socket) ?? 0);
  };
  const sent = (message: unknown): void => {
    const { socket } = message as { readonly socket: TLSSocket };
    // A socket that is gone tells nothing any more.
    if (sockets.has(socket)) sockets.set(socket, Math.max(sockets.get(socket) ?? 0, socket.bytesWritten));
  };
  subscribe('http.server.request.start', seen);
  subscribe('http.server.response.finish', sent);
  return {
    bytes: () => [...sockets.values()].reduce((sum, bytes) => sum + bytes, 0),
    stop: () => {
      unsubscribe('http.server.request.start', seen);
      unsubscribe('http.server.response.finish', sent);
    },
  };
}
