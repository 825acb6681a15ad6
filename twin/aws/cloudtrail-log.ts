import type { TrailEventDescription } from '../snapshot.ts';
import { uuidOf } from './ids.ts';

/** One management event; `record` is the event as CloudTrail delivers it. */
export interface TrailEvent {
  readonly eventId: string;
  readonly eventName: string;
  readonly eventSource: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly username: string | undefined;
  readonly readOnly: boolean;
  readonly resources: readonly { readonly type: string; readonly name: string }[];
  readonly record: Readonly<Record<string, unknown>>;
  /** Whose event history has it: IAM's events are in one region of the partition. */
  readonly region: string;
}

/** What an event is made of; ids are added. */
export type NewTrailEvent = Omit<TrailEvent, 'eventId' | 'record' | 'region'> & {
  readonly detail: Readonly<Record<string, unknown>>;
  /** The trail's own where absent. */
  readonly region?: string;
};

/** The trail of one account and region. Events may be added late, with an earlier time. */
export class CloudTrailLog {
  readonly #accountId: string;
  readonly #region: string;
  readonly #events: TrailEvent[] = [];
  #sorted = true;

  constructor(accountId: string, region: string) {
    this.#accountId = accountId;
    this.#region = region;
  }

  add(event: NewTrailEvent): void {
    const { detail, region = this.#region, ...rest } = event;
    const eventId = uuidOf(`${this.#accountId}/event/${this.#events.length}/${event.eventName}/${event.at}`);
    const record = {
      eventVersion: '1.09',
      eventTime: new Date(event.at).toISOString().replace(/\.\d{3}Z$/, 'Z'),
      eventSource: event.eventSource,
      eventName: event.eventName,
      awsRegion: region,
      ...detail,
      eventID: eventId,
      readOnly: event.readOnly,
      resources: event.resources.map((resource) => ({ accountId: this.#accountId, type: resource.type, ARN: resource.name })),
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: this.#accountId,
      eventCategory: 'Management',
    };
    const last = this.#events.at(-1);
    if (last !== undefined && last.at > event.at) this.#sorted = false;
    this.#events.push({ ...rest, region, eventId, record });
  }

  /**
   * Takes in what a real trail held, moved in time so that it ends at `until`, milliseconds: the snapshot was taken then, to the twin.
   * `takenAt` is when it was taken; by default the time of its last event.
   */
  adopt(events: readonly TrailEventDescription[], until: number, takenAt: string | undefined): void {
    const times = events.map(({ EventTime = '' }) => Date.parse(EventTime));
    const last = Math.max(...times.filter((time) => !Number.isNaN(time)));
    const told = Date.parse(takenAt ?? '');
    const shift = until - (Number.isNaN(told) ? last : Math.max(told, last));
    for (const [index, event] of events.entries()) {
      const at = (times[index] as number) + shift;
      if (!Number.isFinite(at)) continue;
      const record = recordOf(event.CloudTrailEvent);
      this.#events.push({
        region: typeof record.awsRegion === 'string' ? record.awsRegion : this.#region,
        eventId: event.EventId,
        eventName: event.EventName,
        eventSource: event.EventSource,
        at,
        username: event.Username,
        readOnly: event.ReadOnly === 'true',
        resources: event.Resources.map(({ ResourceType, ResourceName }) => ({ type: ResourceType, name: ResourceName })),
        record: { ...record, eventTime: new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z') },
      });
    }
    this.#sorted = false;
  }

  /** All events, oldest first. */
  events(): readonly TrailEvent[] {
    if (!this.#sorted) {
      this.#events.sort((left, right) => left.at - right.at);
      this.#sorted = true;
    }
    return this.#events;
  }
}

/** The event itself; nothing of one that cannot be read. */
function recordOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const record: unknown = JSON.parse(text);
    return typeof record === 'object' && record !== null ? (record as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
