import type { DeserializeHandler, DeserializeHandlerArguments, MetadataBearer, Pluggable } from '@smithy/types';
import type { ServerTime } from '../model/server-clock.ts';

/** A plugin that tells `serverTime` of the `Date` of each answer, of refusals and retries alike. */
// biome-ignore lint/suspicious/noExplicitAny: it neither reads nor changes what passes, whatever the client's types are
export function serverTimeListener(serverTime: ServerTime): Pluggable<any, any> {
  return {
    applyToStack: (stack) => {
      stack.add(
        (next: DeserializeHandler<object, MetadataBearer>) => async (request: DeserializeHandlerArguments<object>) => {
          const heard = serverTime.asked();
          try {
            const answer = await next(request);
            heard(dateOf(answer.response));
            return answer;
          } catch (error) {
            heard(dateOf((error as { readonly $response?: unknown } | null)?.$response));
            throw error;
          }
        },
        { step: 'deserialize', name: 'podshiftServerTime', priority: 'high', override: true },
      );
    },
  };
}

function dateOf(response: unknown): string | undefined {
  return (response as { readonly headers?: Readonly<Record<string, string>> } | undefined)?.headers?.date;
}
