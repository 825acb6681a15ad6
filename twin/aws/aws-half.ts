import type { KubernetesSide, TwinClock, TwinDelays } from '../contracts.ts';
import { PodIdentities } from '../identity.ts';
import { PodActivity } from '../pod-activity.ts';
import type { TwinHttpService } from '../server.ts';
import type { Snapshot } from '../snapshot.ts';
import { AddonInstalls } from './addon-installs.ts';
import { AddonRollouts } from './addon-rollouts.ts';
import { AddonUpdates } from './addon-updates.ts';
import { Addons } from './addons.ts';
import { CloudTrailLog } from './cloudtrail-log.ts';
import type { EksAuthFaults } from './eks-auth.ts';
import { type Principal, Principals } from './principals.ts';
import { createAwsService } from './service.ts';
import { AwsState, type ReadsLate } from './state.ts';
import { type RateLimits, TokenBuckets } from './token-buckets.ts';
import { roleCreated, trustWritten } from './trail-events.ts';

/** What the AWS half of a twin is made of. */
export interface AwsHalfSettings {
  readonly snapshot: Snapshot;
  readonly clock: TwinClock;
  readonly delays: TwinDelays;
  /** Request rates of the services; a service without one is not limited. */
  readonly rateLimits: RateLimits;
  /** How EKS Auth fails by itself; it does not without. */
  readonly eksAuthFaults?: EksAuthFaults | undefined;
  /** None reads late where absent. */
  readonly readsLate?: ReadsLate | undefined;
}

/** The AWS half: the account, and who the pods of its cluster are to it. */
export interface AwsHalf {
  readonly state: AwsState;
  readonly addons: Addons;
  readonly updates: AddonUpdates;
  readonly identities: PodIdentities;
  readonly trail: CloudTrailLog;
  /** Credentials of a session of a role of this name, which need not exist. */
  signIn(roleName: string): ReturnType<Principals['issue']>;
  /** Hands in the cluster. Until then no identity can be asked for. */
  connect(kubernetes: KubernetesSide): void;
  /** The endpoint's service, to be served by `startTwinServer`; `kubernetes` is what DescribeCluster names. */
  serve(kubernetes: { readonly url: string; readonly certificateAuthority: string }): TwinHttpService;
}

/** Makes the AWS half of a snapshot's twin. */
export function createAwsHalf(settings: AwsHalfSettings): AwsHalf {
  const { snapshot, clock, delays } = settings;
  const state = new AwsState(snapshot, clock, delays, settings.readsLate);
  const addons = new Addons(state);
  const rollouts = new AddonRollouts(state);
  const installs = new AddonInstalls(state, addons, rollouts);
  const updates = new AddonUpdates(state, addons, rollouts);
  const principals = new Principals(state);
  const trail = new CloudTrailLog(state.accountId, state.region);
  // What is delivered later would not be seen by a run that begins now.
  if (snapshot.trailEvents.length > 0) trail.adopt(snapshot.trailEvents, clock.now() - delays.cloudTrailDelivery, snapshot.takenAt);
  const identities = new PodIdentities({ state, principals, trail, eksAuthFaults: settings.eksAuthFaults });
  const activity = new PodActivity(identities, clock);
  const buckets = new TokenBuckets(settings.rateLimits, clock);
  let caller: Principal | undefined;
  state.onChange((change) => {
    const by = change.by === 'request' ? caller?.arn : undefined;
    if (change.kind === 'trust-stored') trail.add(trustWritten(state, change.role.name, change.after.text, by));
    if (change.kind === 'role-created') trail.add(roleCreated(state, change.role.name, state.storedTrust(change.role).text, by));
  });
  return {
    state,
    addons,
    updates,
    identities,
    trail,
    signIn: (roleName) =>
      principals.issue(`arn:${state.partition}:iam::${state.accountId}:role/${roleName}`, `AROA${roleName}`, 'podshift'),
    connect: (kubernetes) => {
      identities.connect(kubernetes);
      addons.connect(kubernetes);
      installs.connect(kubernetes);
      rollouts.connect(kubernetes);
      updates.connect(kubernetes);
      activity.connect(kubernetes);
    },
    serve: (kubernetes) =>
      createAwsService({
        state,
        addons,
        installs,
        updates,
        principals,
        trail,
        buckets,
        kubernetes: () => kubernetes,
        refreshTrail: () => activity.refresh(),
        calledBy: (principal) => {
          caller = principal;
        },
      }),
  };
}
