import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../../src/model/findings.ts';
import type { WorkloadFacts } from '../../../src/model/inventory.ts';
import type { MigrationOptions } from '../../../src/model/options.ts';
import { migrationOptions } from '../../../src/model/options.ts';
import type { RestartMethod, UnitPlan } from '../../../src/model/plan.ts';
import { plannedDuration } from '../../../src/plan/duration.ts';
import { DEPLOYMENT, unitPlan } from '../fixtures/fake-migration.ts';
import { inventory, planOf, unitOf, used, workload } from '../fixtures/plan-inventories.ts';

interface RestartCase {
  facts: Partial<WorkloadFacts>;
  options?: Partial<MigrationOptions>;
  restart: RestartMethod;
  codes: FindingCode[];
}

const RESTARTS: Record<string, RestartCase> = {
  'a Deployment rolls': { facts: {}, restart: 'rollout', codes: [] },
  'a Deployment scaled to zero does not': { facts: { replicas: 0 }, restart: 'none', codes: ['PS320'] },
  'a paused Deployment is held': { facts: { paused: true }, restart: 'none', codes: ['PS313'] },
  'a Deployment with Recreate is warned of': {
    facts: { strategy: 'Recreate', replicas: 3, surge: false },
    restart: 'rollout',
    codes: ['PS318'],
  },
  'a Deployment with Recreate is held where the options say so': {
    facts: { strategy: 'Recreate', replicas: 3, surge: false },
    options: { holdDowntime: true },
    restart: 'none',
    codes: ['PS325'],
  },
  'one replica is warned of': { facts: { replicas: 1 }, restart: 'rollout', codes: ['PS319'] },
  'one replica without surge is warned of': { facts: { replicas: 1, surge: false }, restart: 'rollout', codes: ['PS319'] },
  'one replica is held where the options say so': {
    facts: { replicas: 1 },
    options: { holdDowntime: true },
    restart: 'none',
    codes: ['PS325'],
  },
  'two replicas are not held for downtime': { facts: {}, options: { holdDowntime: true }, restart: 'rollout', codes: [] },
  'a StatefulSet rolls': { facts: { kind: 'StatefulSet', surge: false }, restart: 'rollout', codes: [] },
  'a StatefulSet with OnDelete is held': { facts: { kind: 'StatefulSet', strategy: 'OnDelete' }, restart: 'none', codes: ['PS314'] },
  'a StatefulSet with OnDelete is evicted where that is allowed': {
    facts: { kind: 'StatefulSet', strategy: 'OnDelete' },
    options: { allowPodDeletion: true },
    restart: 'evict',
    codes: ['PS321'],
  },
  'a StatefulSet with a partition is held': { facts: { kind: 'StatefulSet', partition: 1 }, restart: 'none', codes: ['PS315'] },
  'a StatefulSet with a partition is evicted where that is allowed': {
    facts: { kind: 'StatefulSet', partition: 1 },
    options: { allowPodDeletion: true },
    restart: 'evict',
    codes: ['PS321'],
  },
  'a DaemonSet rolls': { facts: { kind: 'DaemonSet', replicas: null, surge: false }, restart: 'rollout', codes: [] },
  'a stand-alone ReplicaSet is evicted': { facts: { kind: 'ReplicaSet', strategy: '' }, restart: 'evict', codes: ['PS321'] },
  'a ReplicationController is evicted': {
    facts: { apiVersion: 'v1', kind: 'ReplicationController', strategy: '' },
    restart: 'evict',
    codes: ['PS321'],
  },
  'a stand-alone ReplicaSet whose budget forbids it is held': {
    facts: { kind: 'ReplicaSet', strategy: '', blockingBudgets: ['b'] },
    restart: 'none',
    codes: ['PS316'],
  },
  'a budget does not matter to a roll-out': { facts: { blockingBudgets: ['b'] }, restart: 'rollout', codes: [] },
  'an Argo Rollout restarts by its own field': {
    facts: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', strategy: '' },
    restart: 'argo-rollout',
    codes: [],
  },
  'a bare pod is held': { facts: { apiVersion: 'v1', kind: 'Pod', strategy: '' }, restart: 'none', codes: ['PS310'] },
  'a CronJob has nothing to restart': {
    facts: { apiVersion: 'batch/v1', kind: 'CronJob', replicas: null },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a suspended CronJob neither': {
    facts: { apiVersion: 'batch/v1', kind: 'CronJob', replicas: null, idle: 'suspended' },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a Job that has ended neither': {
    facts: { apiVersion: 'batch/v1', kind: 'Job', idle: 'finished' },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a suspended Job neither': {
    facts: { apiVersion: 'batch/v1', kind: 'Job', idle: 'suspended' },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a running Job is held': { facts: { apiVersion: 'batch/v1', kind: 'Job' }, restart: 'none', codes: ['PS317'] },
  'an unknown owner is held': {
    facts: { controlledBy: { apiVersion: 'example.com/v1', kind: 'App', name: 'a' } },
    restart: 'none',
    codes: ['PS311'],
  },
  'a set of a custom resource is held': {
    facts: { kind: 'StatefulSet', surge: false, controlledBy: { apiVersion: 'kafka.example.com/v1', kind: 'Kafka', name: 'k' } },
    restart: 'none',
    codes: ['PS311'],
  },
  'a set of a custom resource is evicted where the user lets podshift': {
    facts: { kind: 'StatefulSet', surge: false, controlledBy: { apiVersion: 'kafka.example.com/v1', kind: 'Kafka', name: 'k' } },
    options: { allowPodDeletion: true },
    restart: 'evict',
    codes: ['PS321'],
  },
  'a Deployment of a custom resource too': {
    facts: { controlledBy: { apiVersion: 'example.com/v1', kind: 'App', name: 'a' } },
    options: { allowPodDeletion: true },
    restart: 'evict',
    codes: ['PS321'],
  },
  'a set of a custom resource is not evicted against a budget': {
    facts: { controlledBy: { apiVersion: 'example.com/v1', kind: 'App', name: 'a' }, blockingBudgets: ['b'] },
    options: { allowPodDeletion: true },
    restart: 'none',
    codes: ['PS316'],
  },
  'a set whose operator keeps the mark of a restart rolls': {
    facts: {
      kind: 'StatefulSet',
      surge: false,
      controlledBy: { apiVersion: 'monitoring.coreos.com/v1', kind: 'Alertmanager', name: 'main' },
    },
    restart: 'rollout',
    codes: [],
  },
  'an unknown owner is held though the user lets podshift evict': {
    facts: {
      apiVersion: 'example.com/v1',
      kind: 'App',
      replicas: null,
      controlledBy: { apiVersion: 'example.com/v1', kind: 'App', name: 'a' },
    },
    options: { allowPodDeletion: true },
    restart: 'none',
    codes: ['PS311'],
  },
  'a finished Job has nothing to restart, whoever owns it': {
    facts: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      idle: 'finished',
      controlledBy: { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', name: 's' },
    },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a running Job is held, whoever owns it': {
    facts: { apiVersion: 'batch/v1', kind: 'Job', controlledBy: { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', name: 's' } },
    restart: 'none',
    codes: ['PS317'],
  },
  'a CronJob has nothing to restart, whoever owns it': {
    facts: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      replicas: null,
      controlledBy: { apiVersion: 'example.com/v1', kind: 'Backup', name: 'b' },
    },
    restart: 'none',
    codes: ['PS320', 'PS324'],
  },
  'a Deployment that is scaled to zero has nothing to restart, whoever owns it': {
    facts: { replicas: 0, controlledBy: { apiVersion: 'example.com/v1', kind: 'App', name: 'a' } },
    restart: 'none',
    codes: ['PS320'],
  },
  'the Job of another group is no Job of Kubernetes': {
    facts: {
      apiVersion: 'batch.volcano.sh/v1alpha1',
      kind: 'Job',
      idle: null,
      controlledBy: { apiVersion: 'batch.volcano.sh/v1alpha1', kind: 'Job', name: 't' },
    },
    restart: 'none',
    codes: ['PS311'],
  },
  'a bare pod that ends by itself holds nothing': {
    facts: { apiVersion: 'v1', kind: 'Pod', strategy: '', endsByItself: true },
    restart: 'none',
    codes: ['PS333'],
  },
  'neither do the pods of an unknown owner that end by themselves': {
    facts: {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Workflow',
      replicas: null,
      endsByItself: true,
      controlledBy: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Workflow', name: 'w' },
    },
    restart: 'none',
    codes: ['PS333'],
  },
  'a Deployment whose template a Rollout takes is evicted': {
    facts: { templateOf: 'Rollout/shop/web' },
    restart: 'evict',
    codes: ['PS321'],
  },
  'an in-place updater is held': {
    facts: {
      apiVersion: 'apps.kruise.io/v1alpha1',
      kind: 'CloneSet',
      controlledBy: { apiVersion: 'apps.kruise.io/v1alpha1', kind: 'CloneSet', name: 'a' },
    },
    restart: 'none',
    codes: ['PS312'],
  },
};

describe('the restart of a workload', () => {
  it.each(Object.entries(RESTARTS))('%s', (_, { facts, options, restart, codes }) => {
    const unit = unitOf(planOf(inventory(used(facts)), options));
    expect({ restart: unit.workloads[0]?.restart, codes: unit.findings }).toEqual({ restart, codes });
    const ordinary = restart === 'rollout' || restart === 'argo-rollout';
    expect(unit.workloads[0]?.note === '').toBe(ordinary);
  });

  it('lists workloads in order of kind and name', () => {
    const workloads = [
      workload('shop/b', { serviceAccount: 'api' }),
      workload('shop/a', { serviceAccount: 'api', kind: 'StatefulSet' }),
      workload('shop/a', { serviceAccount: 'api' }),
    ];
    expect(unitOf(planOf(inventory({ workloads }))).workloads.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      'Deployment/a',
      'Deployment/b',
      'StatefulSet/a',
    ]);
  });

  it('says how one replica is replaced', () => {
    const messageOf = (surge: boolean) =>
      planOf(inventory(used({ replicas: 1, surge }))).findings.find(({ code }) => code === 'PS319')?.message;
    expect(messageOf(true)).toContain('its new pod starts before the old one stops');
    expect(messageOf(false)).toContain('its pod stops before the new one starts');
  });

  it('does not call Jobs alone what also has a Deployment', () => {
    const workloads = [workload('shop/api'), workload('shop/job', { serviceAccount: 'api', kind: 'CronJob' })];
    expect(unitOf(planOf(inventory({ workloads }))).findings).toEqual(['PS320']);
  });
});

/** Units of so many waves, one each, of so many pods. */
const units = (waves: number, replicas: number | null = 2): UnitPlan[] =>
  Array.from({ length: waves }, (_, wave) => unitPlan({ id: `shop/${wave}`, wave, workloads: [{ ...DEPLOYMENT, replicas }] }));
const OPTIONS = { soakSeconds: 900, iamPropagationSeconds: 15, injectionChecks: 5, injectionIntervalSeconds: 3, restartPodsPerMinute: 300 };
const of = (list: readonly UnitPlan[], more: Record<string, unknown> = {}) =>
  plannedDuration(list, migrationOptions.parse({ ...OPTIONS, ...more }));

describe('how long a run takes where everything goes well', () => {
  it.each([
    [1, {}, 1],
    [3, {}, 3],
    [4, {}, 4],
    [7, {}, 4],
    [7, { sequentialWaves: true }, 7],
  ])('of %i waves with %o it waits for %i soaks', (waves, more, soaks) => {
    expect(of(units(waves), { restartPodsPerMinute: 10_000, ...more })).toEqual({
      seconds: soaks * 900 + waves * 120,
      waves,
      soaks,
      soakSeconds: 900,
      restartSeconds: 0,
    });
  });

  it('has the restarts at their pace, and nothing for what is held or not restarted', () => {
    const many = units(2, 300);
    expect(of(many).restartSeconds).toBe(120);
    expect(of(units(2, null), { restartPodsPerMinute: 1 }).restartSeconds).toBe(120);
    const held = { ...many[0], decision: 'hold', wave: null } as UnitPlan;
    const still = { ...many[0], workloads: [{ ...DEPLOYMENT, replicas: 300, restart: 'none' }] } as UnitPlan;
    expect(of([held, still])).toMatchObject({ waves: 1, restartSeconds: 0 });
    expect(of([held]).seconds).toBe(0);
  });
});
