import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { z } from 'zod';
import { createEventBus } from '../../src/aws/event-bus.ts';
import type { Publishing } from '../../src/service/publish.ts';
import { createLambdaRuntime, readEnvironment } from './lambda.ts';
import { createMetrics } from './metrics.ts';

/** What publishing reads of its environment besides. */
const eventsEnvironment = z.object({
  /** Name of the EventBridge bus. */
  EVENT_BUS: z.string().min(1),
  /** URL of the API, which events name. */
  API_URL: z.string().min(1),
});

/** What the function that publishes events works with. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createPublishing(environment: Record<string, string | undefined>): Publishing {
  const { EVENT_BUS, API_URL } = readEnvironment(eventsEnvironment, environment);
  const { journal, logger } = createLambdaRuntime(environment);
  const client = new EventBridgeClient({
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  return { journal, logger, bus: createEventBus(client, EVENT_BUS), metrics: createMetrics(environment), apiUrl: API_URL };
}
