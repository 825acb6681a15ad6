import type { AwsGateways } from '../src/aws/gateways.ts';
import type { Journal } from '../src/journal/journal.ts';
import { createClusterConnections } from '../src/kubernetes/connections.ts';
import type { ClusterRuntime, Logger } from '../src/migration/runtime.ts';
import { PodshiftError } from '../src/model/errors.ts';
import { type CallCounts, type ClusterTarget, noCalls } from '../src/model/run.ts';
import { createVirtualClock, type VirtualClock } from '../twin/clock.ts';
import type { TwinDelays, TwinHooks } from '../twin/contracts.ts';
import type { Snapshot } from '../twin/snapshot.ts';
import { startTwin, type Twin } from '../twin/twin.ts';
import { createRuntimeOver, type LocalRuntime } from './local-runtime.ts';
import { openMemoryJournal } from './memory-journal.ts';

/** A cluster of a rehearsed fleet. */
export interface FleetCluster {
  readonly snapshot: Snapshot;
  readonly hooks?: TwinHooks;
  /** Called with its twin before anything runs. */
  readonly prepare?: (twin: Twin) => void;
}

/** What a fleet is rehearsed on. */
export interface FleetRehearsalSettings {
  readonly clusters: readonly FleetCluster[];
  /** The account that `self` means; that of the first cluster where absent. */
  readonly ownAccount?: string;
  /** `ignored`: every account is reached without a role, for snapshots that do not say who may assume it. Default `assumed`. */
  readonly memberRoles?: 'assumed' | 'ignored';
  readonly startAt: number;
  readonly delays?: Partial<TwinDelays>;
  /** The journal with something around it, such as what tells of its changes. */
  readonly wrapJournal?: (journal: Journal, clock: VirtualClock) => Journal;
  readonly logger: Logger;
  readonly random?: (bytes: number) => Uint8Array;
}

/** The twins of a fleet, on one clock and one journal. */
export interface FleetRehearsal {
  readonly twins: readonly Twin[];
  readonly clock: VirtualClock;
  readonly journal: Journal;
  /** A runtime that reaches every twin; each call gives a new one, as a new process would have. */
  runtime(): LocalRuntime;
  close(): Promise<void>;
}

type Connections = Pick<ClusterRuntime, 'aws' | 'kubernetes' | 'takeCalls'>;

/** One twin for each snapshot, each an account and region with its cluster; twins of one account and region are listed together. */
export async function openFleetRehearsal(settings: FleetRehearsalSettings): Promise<FleetRehearsal> {
  const clock = createVirtualClock(settings.startAt);
  const { delays, clusters, logger, random } = settings;
  const twins = await Promise.all(
    clusters.map(async ({ snapshot, hooks, prepare }) => {
      const twin = await startTwin({
        snapshot,
        clock,
        ...(delays === undefined ? {} : { delays }),
        ...(hooks === undefined ? {} : { hooks }),
      });
      prepare?.(twin);
      return { twin, account: snapshot.accountId, region: snapshot.region };
    }),
  );
  const local = openMemoryJournal({ clock });
  const journal = settings.wrapJournal?.(local.journal, clock) ?? local.journal;
  const ownAccount = settings.ownAccount ?? clusters[0]?.snapshot.accountId ?? '';
  return {
    twins: twins.map(({ twin }) => twin),
    clock,
    journal,
    runtime: () =>
      createRuntimeOver(connectAll(clock, ownAccount, twins, settings.memberRoles === 'ignored'), {
        clock: clock.engine,
        journal,
        logger,
        ...(random === undefined ? {} : { random }),
      }),
    close: async () => {
      await local.close();
      await Promise.all(twins.map(({ twin }) => twin.close()));
    },
  };
}

interface Placed {
  readonly twin: Twin;
  readonly account: string;
  readonly region: string;
}

/** The connections to all twins as one: a target leads to the twin that has its cluster. */
function connectAll(clock: VirtualClock, ownAccount: string, twins: readonly Placed[], withoutRoles: boolean): Connections {
  const connected = twins.map(({ twin, ...place }) => ({
    ...place,
    name: twin.clusterName,
    connections: createClusterConnections({
      clock: clock.engine,
      endpoint: twin.awsEndpoint,
      credentials: twin.credentials,
      retryDelays: 'none',
    }),
  }));
  const at = ({ assumeRoleArn, region, clusterName }: ClusterTarget) => {
    const account = assumeRoleArn?.split(':')[4] ?? ownAccount;
    const here = connected.filter((one) => one.account === account && one.region === region);
    const [first] = here;
    if (first === undefined) throw new PodshiftError('ServiceUnavailable', `the rehearsal has no twin in ${account}, ${region}`);
    return { here, one: here.find(({ name }) => name === clusterName) ?? first };
  };
  const as = (target: ClusterTarget): ClusterTarget => (withoutRoles ? { ...target, assumeRoleArn: null } : target);
  return {
    aws: (target) => {
      const { here, one } = at(target);
      const gateways = one.connections.aws(as(target));
      const listClusters = async (): Promise<string[]> =>
        (await Promise.all(here.map(({ connections }) => connections.aws(as(target)).eks.listClusters()))).flat();
      return { ...gateways, eks: { ...gateways.eks, listClusters } } satisfies AwsGateways;
    },
    kubernetes: (target, described) => at(target).one.connections.kubernetes(as(target), described),
    takeCalls: () => connected.reduce<CallCounts>((sum, { connections }) => add(sum, connections.takeCalls()), noCalls()),
  };
}

function add(sum: CallCounts, more: CallCounts): CallCounts {
  return {
    eks: sum.eks + more.eks,
    iam: sum.iam + more.iam,
    sts: sum.sts + more.sts,
    kubernetes: sum.kubernetes + more.kubernetes,
    cloudtrail: sum.cloudtrail + more.cloudtrail,
  };
}
