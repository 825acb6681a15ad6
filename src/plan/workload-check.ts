import type { FindingCode } from '../model/findings.ts';
import type { OverrideFact, WorkloadFacts } from '../model/inventory.ts';
import type { MigrationOptions } from '../model/options.ts';
import type { RestartMethod, WorkloadPlan } from '../model/plan.ts';
import { accountSubject, note, type UnitDraft, type World, workloadSubject } from './draft.ts';

const OVERRIDES: Readonly<Record<OverrideFact['kind'], { code: FindingCode; says: string }>> = {
  env: { code: 'PS301', says: 'sets the variable' },
  'config-map': { code: 'PS302', says: 'gets a credential variable from' },
  'profile-mount': { code: 'PS303', says: 'mounts a profile at' },
  token: { code: 'PS304', says: 'mounts a hand-made STS token from volume' },
  'web-identity': { code: 'PS305', says: 'names the web-identity provider in' },
  'session-name': { code: 'PS306', says: 'sets the session name by' },
  'secret-env': { code: 'PS307', says: 'takes its environment from Secret' },
};

/** Groups whose controllers update pods in place, without creating them again. */
const IN_PLACE = new Set(['apps.kruise.io']);

/** What keeps pods from Pod Identity whatever is restarted: overrides, Fargate, Windows, indirect users, hybrid nodes. */
export function checkUse(unit: UnitDraft, world: World): void {
  for (const workload of unit.workloads) checkPods(unit, workload, world);
  for (const user of world.usersOf.get(unit.facts.name) ?? []) {
    if (user.namespace !== '*' && user.namespace !== unit.facts.namespace) continue;
    note(unit, 'PS505', accountSubject(unit), `${user.subject} exchanges tokens of ${unit.id} by web identity itself`);
  }
}

function checkPods(unit: UnitDraft, workload: WorkloadFacts, world: World): void {
  const subject = workloadSubject(workload);
  for (const override of workload.skipsWebhook ? [] : workload.overrides) {
    const { code, says } = OVERRIDES[override.kind];
    note(unit, code, subject, `container ${override.container} of ${subject} ${says} ${override.name}`);
  }
  if (workload.skipsWebhook) handMade(unit, workload, subject);
  if (workload.fargate !== null) note(unit, 'PS308', subject, `pods of ${subject} run on Fargate (${workload.fargate})`);
  if (workload.windows) note(unit, 'PS309', subject, `pods of ${subject} run on Windows`);
  for (const name of workload.secretProviderClasses)
    note(unit, 'PS506', subject, `${subject} mounts SecretProviderClass ${name}, which takes the role by IRSA`);
  const bare = workload.nodeNames.find((name) => world.hybridNodes.has(name));
  if (bare !== undefined) note(unit, 'PS407', subject, `pods of ${subject} run on the hybrid node ${bare}, where no agent is ready`);
}

/** A pod that keeps the webhook away and yet uses IRSA does so by hand: it can only be moved by hand. */
function handMade(unit: UnitDraft, workload: WorkloadFacts, subject: string): undefined {
  const found = workload.overrides.find((override) => override.kind !== 'secret-env');
  if (found === undefined) return note(unit, 'PS322', subject, `the pods of ${subject} carry the label that keeps the webhook away`);
  note(
    unit,
    OVERRIDES[found.kind].code,
    subject,
    `${subject} keeps the webhook away, and its container ${found.container} ${OVERRIDES[found.kind].says} ${found.name}`,
  );
}

/** How each workload is restarted, with what that means for its users; fills in `plans`. */
export function planRestarts(unit: UnitDraft, world: World): void {
  const concerned = unit.workloads.filter((workload) => !workload.skipsWebhook);
  unit.plans = unit.workloads.map((workload) => planWorkload(unit, workload, world.options));
  if (unit.workloads.length === 0) note(unit, 'PS323', accountSubject(unit), `no workload uses ${unit.id} now`);
  if (concerned.length > 0 && concerned.every(({ kind }) => kind === 'Job' || kind === 'CronJob'))
    note(unit, 'PS324', accountSubject(unit), `only Jobs use ${unit.id}`);
}

/** A workload that nothing is done to. */
export function leave({ apiVersion, kind, name, replicas }: WorkloadFacts, text: string): WorkloadPlan {
  return { apiVersion, kind, name, restart: 'none', replicas, note: text };
}

function planWorkload(unit: UnitDraft, workload: WorkloadFacts, options: MigrationOptions): WorkloadPlan {
  const subject = workloadSubject(workload);
  const plan = (restart: RestartMethod, text: string): WorkloadPlan => {
    if (restart === 'none' && text !== '') note(unit, 'PS320', subject, `nothing of ${subject} is restarted: ${text}`);
    if (restart === 'evict') note(unit, 'PS321', subject, `pods of ${subject} are evicted one at a time: ${text}`);
    return { ...leave(workload, text), restart };
  };
  const held = (code: FindingCode, message: string): WorkloadPlan => {
    note(unit, code, subject, message);
    return plan('none', '');
  };

  if (workload.skipsWebhook) return leave(workload, 'it keeps the webhook away from its pods');
  if (IN_PLACE.has((workload.controlledBy?.apiVersion ?? '').split('/')[0] as string))
    return held('PS312', `pods of ${subject} belong to a ${workload.controlledBy?.kind} of OpenKruise, which updates them in place`);
  if (workload.controlledBy !== null)
    return held(
      'PS311',
      `pods of ${subject} belong to ${workload.controlledBy.kind} ${workload.controlledBy.name} (${workload.controlledBy.apiVersion})`,
    );
  switch (workload.kind) {
    case 'Pod':
      return held('PS310', `${subject} has no controller that would make it again`);
    case 'CronJob':
      return plan('none', workload.idle === 'suspended' ? 'the CronJob is suspended' : 'its next Job starts with the new credentials');
    case 'Job':
      if (workload.idle !== null) return plan('none', workload.idle === 'finished' ? 'the Job has ended' : 'the Job is suspended');
      return held('PS317', `${subject} is running, and a Job's pods cannot be made again`);
  }
  if (workload.replicas === 0) return plan('none', 'it is scaled to zero');
  if (workload.paused) return held('PS313', `${subject} is paused`);
  warnOfDowntime(unit, workload, subject, options);
  return restartOf(workload, subject, options, plan, held);
}

function restartOf(
  workload: WorkloadFacts,
  subject: string,
  options: MigrationOptions,
  plan: (restart: RestartMethod, text: string) => WorkloadPlan,
  held: (code: FindingCode, message: string) => WorkloadPlan,
): WorkloadPlan {
  const evict = (text: string) => {
    const budgets = workload.blockingBudgets;
    return budgets.length === 0
      ? plan('evict', text)
      : held('PS316', `${subject} would be evicted, and PodDisruptionBudget ${budgets.join(', ')} allows none now`);
  };
  if (workload.kind === 'ReplicaSet' || workload.kind === 'ReplicationController')
    return evict(`a stand-alone ${workload.kind} makes no pods for a changed template`);
  if (workload.strategy === 'OnDelete')
    return options.allowPodDeletion
      ? evict('its update strategy is OnDelete')
      : held('PS314', `the update strategy of ${subject} is OnDelete`);
  if (workload.partition > 0)
    return options.allowPodDeletion
      ? evict(`its partition is ${workload.partition}`)
      : held('PS315', `the partition of ${subject} is ${workload.partition}`);
  return plan(workload.kind === 'Rollout' ? 'argo-rollout' : 'rollout', '');
}

function warnOfDowntime(unit: UnitDraft, workload: WorkloadFacts, subject: string, options: MigrationOptions): void {
  const recreate = workload.strategy === 'Recreate';
  if (recreate) note(unit, 'PS318', subject, `${subject} has the strategy Recreate: all of its pods stop before new ones start`);
  else if (workload.replicas === 1)
    note(
      unit,
      'PS319',
      subject,
      `${subject} has one replica; ${workload.surge ? 'its new pod starts before the old one stops' : 'its pod stops before the new one starts'}`,
    );
  else return;
  if (options.holdDowntime)
    note(
      unit,
      'PS325',
      subject,
      `${subject} ${recreate ? 'has the strategy Recreate' : 'has one replica'}, and such workloads are to be held`,
    );
}
