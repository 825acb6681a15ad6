import { allStates } from '../engine/check.ts';
import { createHistoryCounter } from '../engine/history.ts';
import { rehearse } from '../engine/rehearsal.ts';
import { loadService } from '../engine/service.ts';
import { wavesOf } from '../src/fleet/waves.ts';
import { fleetSpec, type MemberRecord } from '../src/model/fleet.ts';
import type { CallCounts } from '../src/model/run.ts';
import { generateSnapshot } from './rehearsal.bench.ts';

/** What one migration of a generated cluster took of Step Functions and of the APIs; all of it counted, none of it assumed. */
export interface ClusterMeasure {
  readonly units: number;
  readonly status: string;
  /** States entered and tries repeated, child executions included: what Step Functions bills. */
  readonly transitions: number;
  readonly invocations: number;
  readonly executions: number;
  /** Events of the run's own history, and of its longest child's. */
  readonly history: number;
  readonly longestChild: number;
  /** The run's own time, on the twin's clock. */
  readonly seconds: number;
  readonly calls: CallCounts;
}

/** Migrates a generated cluster of so many service accounts with the default options, and counts. */
export async function measureCluster(units: number): Promise<ClusterMeasure> {
  const machine = await (await loadService()).stateMachine('migrate-cluster');
  const counter = createHistoryCounter(machine);
  const tasks = new Set([...allStates(machine)].flatMap(([name, { Type }]) => (Type === 'Task' ? [name] : [])));
  let transitions = 0;
  let invocations = 0;
  const rehearsal = await rehearse({
    snapshot: generateSnapshot(units),
    startAt: Date.UTC(2026, 0, 5),
    journal: 'memory',
    onEvent: (progress) => {
      counter.onEvent(progress);
      if (progress.type !== 'state-entered' && progress.type !== 'task-retried') return;
      transitions += 1;
      if (tasks.has(progress.state)) invocations += 1;
    },
  });
  try {
    const { run, calls } = rehearsal.report;
    const children = [...counter.executions].filter(([name]) => name !== '').map(([, events]) => events);
    return {
      units,
      status: run.status,
      transitions,
      invocations,
      executions: counter.executions.size,
      history: counter.executions.get('') ?? 0,
      longestChild: Math.max(0, ...children),
      seconds: (Date.parse(run.endedAt ?? '') - Date.parse(run.startedAt)) / 1000,
      calls,
    };
  } finally {
    await rehearsal.close();
  }
}

/** What the model takes as given. Prices are of us-east-1, and assumed. */
export const ASSUMED = {
  transitionPrice: 0.000025,
  gigabyteSecondPrice: 0.0000133334,
  requestPrice: 0.2 / 1e6,
  gigabytes: 0.5,
  /** Of one function's call, besides its calls of APIs, and of one call of an API: seconds. */
  invocationSeconds: 0.1,
  callSeconds: 0.1,
} as const;

/** A fleet of equal clusters, in so many accounts of one region each, whose EKS and IAM answer so many requests a second. */
export interface FleetCase {
  readonly clusters: number;
  readonly accounts: number;
  readonly perSecond: number;
  /** The fleet's setting of this name. */
  readonly clustersPerPlace: number;
}

/** What such a fleet takes, by the model. */
export interface FleetModel {
  readonly transitions: number;
  readonly lambdaSeconds: number;
  readonly dollars: number;
  readonly days: number;
  readonly waves: number;
}

/** A cluster of so many units by two measured ones: a line through them, for all that grows with the units. */
export function clusterOf(units: number, small: ClusterMeasure, large: ClusterMeasure): ClusterMeasure {
  const line = (of: (measure: ClusterMeasure) => number): number =>
    of(large) + ((of(large) - of(small)) / (large.units - small.units)) * (units - large.units);
  return {
    ...large,
    units,
    transitions: line((measure) => measure.transitions),
    invocations: line((measure) => measure.invocations),
    executions: line((measure) => measure.executions),
    history: line((measure) => measure.history),
    seconds: line((measure) => measure.seconds),
    calls: {
      eks: line((measure) => measure.calls.eks),
      iam: line((measure) => measure.calls.iam),
      sts: line((measure) => measure.calls.sts),
      kubernetes: line((measure) => measure.calls.kubernetes),
      cloudtrail: line((measure) => measure.calls.cloudtrail),
    },
  };
}

/**
 * Models a fleet: its waves are those that podshift would make; a wave lasts as long as its slowest place, and a place as
 * long as one cluster alone or as its requests need at the account's rate (CloudTrail: two a second), whichever is longer.
 */
export function modelFleet({ clusters, accounts, perSecond, clustersPerPlace }: FleetCase, cluster: ClusterMeasure): FleetModel {
  const spec = fleetSpec.parse({ regions: ['us-east-1'], waveSize: 100, clustersPerPlace });
  const members = Array.from({ length: clusters }, (_, index) => memberOf(index, accounts, cluster.units));
  const waves = wavesOf(spec, members[0]?.clusterArn ?? '', members);
  const { eks, iam, sts, kubernetes, cloudtrail } = cluster.calls;
  const apiSeconds = Math.max(eks / perSecond, iam / perSecond, cloudtrail / 2);
  const seconds = waves.reduce((sum, wave) => {
    const inPlace = Map.groupBy(wave.members, ({ clusterArn }) => clusterArn.split(':')[4]);
    return sum + Math.max(...[...inPlace.values()].map((together) => Math.max(cluster.seconds, together.length * apiSeconds)));
  }, 0);
  const transitions = clusters * cluster.transitions;
  const invocations = clusters * cluster.invocations;
  const calls = clusters * (eks + iam + sts + kubernetes + cloudtrail);
  const lambdaSeconds = invocations * ASSUMED.invocationSeconds + calls * ASSUMED.callSeconds;
  const compute = lambdaSeconds * ASSUMED.gigabytes * ASSUMED.gigabyteSecondPrice + invocations * ASSUMED.requestPrice;
  return {
    transitions,
    lambdaSeconds,
    dollars: transitions * ASSUMED.transitionPrice + compute,
    days: seconds / 86_400,
    waves: waves.length,
  };
}

function memberOf(index: number, accounts: number, units: number): MemberRecord {
  const account = String(index % accounts).padStart(12, '0');
  return {
    fleetId: 'model',
    clusterArn: `arn:aws:eks:us-east-1:${account}:cluster/c${String(index).padStart(4, '0')}`,
    target: { clusterName: `c${index}`, region: 'us-east-1', assumeRoleArn: null },
    tagged: false,
    status: 'planned',
    reason: '',
    digest: 'd',
    units: { pending: units, migrated: 0, held: 0, rolledBack: 0, needsOperator: 0 },
    wave: null,
    startedAt: {},
  };
}
