import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { z } from 'zod';
import { createEventBus } from '../src/aws/event-bus.ts';
import type { Publishing } from '../src/service/publish.ts';
import { baseEnvironment, createLogger, createMetrics, openJournal, readEnvironment } from './runtime-parts.ts';

/** What publishing reads of its environment. */
const eventsEnvironment = baseEnvironment.extend({
  /** Name of the EventBridge bus. */
  EVENT_BUS: z.string().min(1),
});

/** What the function that publishes events works with. Throws `InvalidInput` naming the variable that is missing or wrong. */
export function createPublishing(environment: Record<string, string | undefined>): Publishing {
  const parsed = readEnvironment(eventsEnvironment, environment);
  const client = new EventBridgeClient({
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  return {
    journal: openJournal(parsed, { now: () => Date.now() }),
    bus: createEventBus(client, parsed.EVENT_BUS),
    logger: createLogger(parsed),
    metrics: createMetrics(parsed),
  };
}
