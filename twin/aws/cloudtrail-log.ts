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

  /** All events, oldest first. */
  events(): readonly TrailEvent[] {
    if (!this.#sorted) {
      this.#events.sort((left, right) => left.at - right.at);
      this.#sorted = true;
    }
    return this.#events;
  }
}
