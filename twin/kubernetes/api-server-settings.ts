import type { AwsSide, TwinClock } from '../contracts.ts';
import type { EventLog } from './event-log.ts';
import type { KindRegistry } from './kinds.ts';
import type { Lists } from './lists.ts';
import type { Registry } from './registry.ts';
import type { Authorize } from './reviews.ts';
import type { Store } from './store.ts';
import type { Watches } from './watches.ts';

/** What the API server is made of. */
export interface ApiServerSettings {
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly registry: Registry;
  readonly lists: Lists;
  readonly events: Pick<EventLog, 'get'>;
  readonly watches: Watches;
  readonly clock: TwinClock;
  readonly aws: AwsSide;
  readonly kubernetesVersion: string;
  readonly authorize: Authorize;
  /** Who issues the tokens of service accounts, with `https://`. */
  readonly issuer: string;
  /** Custom kinds, as `KIND.GROUP`, whose objects may not be read: nobody knows whether there are any. */
  readonly unknownKinds: ReadonlySet<string>;
}
