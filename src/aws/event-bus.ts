import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { EventBus } from '../service/publish.ts';
import { awsCall } from './errors.ts';

/** The EventBridge bus of this name through `client`. */
export function createEventBus(client: EventBridgeClient, busName: string): EventBus {
  return {
    put: async (entries) => {
      const command = new PutEventsCommand({ Entries: entries.map((entry) => ({ ...entry, EventBusName: busName })) });
      const answer = await awsCall({ service: 'events', operation: 'PutEvents' }, () => client.send(command));
      return entries.map((_entry, index) => {
        const taken = answer.Entries?.[index];
        return taken?.EventId === undefined ? (taken?.ErrorCode ?? 'NoAnswer') : undefined;
      });
    },
  };
}
