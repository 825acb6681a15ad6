import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Pair } from './certificates.ts';

/** An event of a watch. */
export interface WatchEvent {
  readonly type: string;
  readonly object: KubernetesObject;
}

/** What the API server answers in the place of events. */
export class WatchRefused extends Error {
  /** The HTTP status: 410 where the version to start from is too old. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'WatchRefused';
    this.code = code;
  }
}

/** Follows a watch until the server or the signal ends it; an abort is no failure. Rejects with what `onEvent` throws, or {@link WatchRefused}. */
export async function watchApi(
  url: string,
  caller: { readonly certificateAuthority: string; readonly pair: Pair },
  signal: AbortSignal,
  onEvent: (event: WatchEvent) => void,
): Promise<void> {
  const { certificateAuthority, pair } = caller;
  const sent = httpsRequest(url, { ca: certificateAuthority, key: pair.key, cert: pair.certificate, agent: false, signal });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end();
    });
    if (response.statusCode !== 200) throw new WatchRefused(response.statusCode ?? 0, `${url}: ${response.statusCode}`);
    // Once nothing reads any more, the end of the connection is no news.
    response.on('error', () => undefined);
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onEvent(JSON.parse(line) as WatchEvent);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    sent.destroy();
  }
}
