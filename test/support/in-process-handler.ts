import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import { HttpResponse } from '@smithy/core/protocols';
import type { HttpHandlerOptions, HttpRequest, RequestHandler } from '@smithy/types';

/**
 * A request handler for SDK clients that hands each request to a server of the same process, without a socket: the same
 * bytes in and out as over the wire, at a fraction of the time, and no open port.
 */
export function inProcessHandler(server: Server): RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> {
  return {
    handle: (request) =>
      new Promise((resolve) => {
        const incoming = Object.assign(new EventEmitter(), {
          method: request.method,
          url: request.path,
          headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value])),
        });
        const headers: Record<string, string> = {};
        const outgoing = {
          statusCode: 200,
          setHeader: (name: string, value: unknown) => {
            headers[name.toLowerCase()] = String(value);
          },
          end: (body: string | undefined) => {
            resolve({ response: new HttpResponse({ statusCode: outgoing.statusCode, headers, body: Buffer.from(body ?? '') }) });
          },
        };
        server.emit('request', incoming, outgoing);
        if (request.body !== undefined) {
          incoming.emit('data', bytes(request.body));
        }
        incoming.emit('end');
      }),
  };
}

/** The SDK hands out strings or byte arrays, never streams, for the calls of a database. */
function bytes(body: string | Uint8Array): Buffer {
  return ArrayBuffer.isView(body) ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : Buffer.from(body);
}
