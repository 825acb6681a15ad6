import { type CloudTrailClient, paginateLookupEvents, type Event as SdkEvent } from '@aws-sdk/client-cloudtrail';
import { PodshiftError } from '../model/errors.ts';
import { awsCall } from './errors.ts';
import type { CloudTrailEvent, CloudTrailGateway } from './gateways.ts';

/** The most that CloudTrail gives in one page. */
const PAGE_SIZE = 50;

/** Events that a look-up stops at, unless the caller says otherwise. */
const DEFAULT_LIMIT = 200;

/** The gateway to CloudTrail's event history over its SDK clients: of the cluster's region, and of the one with IAM's events. Each is called at the first use. */
export function createCloudTrailGateway(client: () => CloudTrailClient, globalClient: () => CloudTrailClient): CloudTrailGateway {
  return {
    lookupEvents: ({ attribute, value, startTime, endTime, limit = DEFAULT_LIMIT, isEnough, scope }) =>
      awsCall({ service: 'cloudtrail', operation: 'LookupEvents' }, async () => {
        const events: CloudTrailEvent[] = [];
        const pages = paginateLookupEvents(
          { client: scope === 'global' ? globalClient() : client(), pageSize: Math.min(PAGE_SIZE, limit) },
          {
            LookupAttributes: [{ AttributeKey: attribute, AttributeValue: value }],
            StartTime: new Date(startTime),
            EndTime: new Date(endTime),
          },
        );
        for await (const page of pages) {
          events.push(...(page.Events ?? []).map(event));
          if (events.length >= limit || (page.NextToken !== undefined && isEnough?.() === true)) {
            break;
          }
        }
        return events.slice(0, limit);
      }),
  };
}

function event(answer: SdkEvent): CloudTrailEvent {
  return {
    eventId: answer.EventId ?? '',
    eventName: answer.EventName ?? '',
    eventTime: answer.EventTime?.getTime() ?? 0,
    event: parseEvent(answer.CloudTrailEvent ?? '{}'),
  };
}

function parseEvent(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Record<string, unknown>;
    }
  } catch (error) {
    throw new PodshiftError('InternalError', 'cloudtrail:LookupEvents gave an event that is not JSON', { cause: error });
  }
  throw new PodshiftError('InternalError', 'cloudtrail:LookupEvents gave an event that is no JSON object');
}
