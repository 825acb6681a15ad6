import type { CloudTrailLog, TrailEvent } from './cloudtrail-log.ts';
import { AwsError } from './errors.ts';
import type { AwsState } from './state.ts';

const DAY = 24 * 60 * 60 * 1000;
const KEYS = ['EventId', 'EventName', 'ReadOnly', 'Username', 'ResourceType', 'ResourceName', 'EventSource', 'AccessKeyId'];

interface LookupRequest {
  readonly LookupAttributes?: readonly { readonly AttributeKey?: string; readonly AttributeValue?: string }[];
  /** Seconds since the epoch. */
  readonly StartTime?: number;
  readonly EndTime?: number;
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

/**
 * LookupEvents: events of the last 90 days that were delivered by now, newest first, one attribute a call, 50 a page.
 * `refresh` is called first, for events that are only worked out when someone looks. `region` is the endpoint's.
 */
export function lookupEvents(
  state: AwsState,
  log: CloudTrailLog,
  refresh: () => void,
  body: string,
  region: string = state.region,
): Record<string, unknown> {
  const request = parse(body);
  const attributes = request.LookupAttributes ?? [];
  if (attributes.length > 1) throw new AwsError('InvalidLookupAttributesException', 400, 'You can only provide one attribute for lookup');
  const [attribute] = attributes;
  if (attribute !== undefined && (!KEYS.includes(attribute.AttributeKey ?? '') || !attribute.AttributeValue)) {
    throw new AwsError('InvalidLookupAttributesException', 400, 'Attribute key or value is not valid');
  }
  const limit = request.MaxResults ?? 50;
  if (!Number.isInteger(limit) || limit < 1 || limit > 50) {
    throw new AwsError('InvalidMaxResultsException', 400, 'A max results value of 1 to 50 is expected');
  }
  if (request.StartTime !== undefined && request.EndTime !== undefined && request.StartTime > request.EndTime) {
    throw new AwsError('InvalidTimeRangeException', 400, 'Start time is after end time');
  }
  refresh();
  const now = state.clock.now();
  const from = Math.max(now - 90 * DAY, (request.StartTime ?? 0) * 1000);
  const until = Math.min(now - state.delays.cloudTrailDelivery, (request.EndTime ?? Number.POSITIVE_INFINITY) * 1000);
  const query = JSON.stringify([attribute?.AttributeKey, attribute?.AttributeValue, request.StartTime, request.EndTime]);
  let after = request.NextToken === undefined ? undefined : readToken(request.NextToken, query);
  const found: TrailEvent[] = [];
  let more = false;
  const events = log.events();
  for (let index = events.length - 1; index >= 0; index -= 1) {
    const event = events[index] as TrailEvent; // index is within the array
    if (event.at < from) break;
    if (event.region !== region) continue;
    if (event.at > until || (attribute !== undefined && !matches(event, attribute.AttributeKey ?? '', attribute.AttributeValue ?? '')))
      continue;
    if (after !== undefined) {
      if (event.eventId === after) after = undefined;
      continue;
    }
    if (found.length === limit) {
      more = true;
      break;
    }
    found.push(event);
  }
  const last = found.at(-1);
  const token = more && last !== undefined ? Buffer.from(JSON.stringify([query, last.eventId])).toString('base64') : undefined;
  return { Events: found.map(toApi), ...(token === undefined ? {} : { NextToken: token }) };
}

function parse(body: string): LookupRequest {
  try {
    return JSON.parse(body === '' ? '{}' : body) as LookupRequest;
  } catch {
    throw new AwsError('SerializationException', 400, 'The request body is not JSON');
  }
}

function readToken(token: string, query: string): string {
  const invalid = new AwsError('InvalidNextTokenException', 400, 'A token from a previous call with the same parameters is expected');
  try {
    const [askedFor, eventId] = JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as [string, string];
    if (askedFor === query) return eventId;
  } catch {
    throw invalid;
  }
  throw invalid;
}

function matches(event: TrailEvent, key: string, value: string): boolean {
  if (key === 'EventId') return event.eventId === value;
  if (key === 'EventName') return event.eventName === value;
  if (key === 'EventSource') return event.eventSource === value;
  if (key === 'Username') return event.username === value;
  if (key === 'ReadOnly') return String(event.readOnly) === value;
  if (key === 'ResourceType') return event.resources.some((resource) => resource.type === value);
  return key === 'ResourceName' && event.resources.some((resource) => resource.name === value);
}

function toApi(event: TrailEvent): Record<string, unknown> {
  return {
    EventId: event.eventId,
    EventName: event.eventName,
    ReadOnly: String(event.readOnly),
    EventTime: Math.floor(event.at / 1000),
    EventSource: event.eventSource,
    ...(event.username === undefined ? {} : { Username: event.username }),
    Resources: event.resources.map((resource) => ({ ResourceType: resource.type, ResourceName: resource.name })),
    CloudTrailEvent: JSON.stringify(event.record),
  };
}
