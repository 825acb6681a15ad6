import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { MetadataPlan, UnitPlan } from '../../model/plan.ts';
import type { JournalEntry, RunRecord } from '../../model/run.ts';
import { MANAGED_BY_LABEL } from '../../verification/pods.ts';
import type { ClusterRuntime, JournalRuntime } from '../runtime.ts';
import { fence, forwardUnit, journaledWrite, markUndone, type UnitContext, type UnitInput } from '../write.ts';
import { guard } from './remove-annotations.ts';

/** The annotation that tells which run made a service account. */
const RUN_ANNOTATION = 'podshift/run';

type Binding = MetadataPlan['bindings'][number];

/**
 * Makes the service account that a unit is split off to, and gives it the RBAC bindings of the old one. Nothing runs as it
 * yet. One that a try of this run made is adopted. Throws `WorldMoved` where somebody else's has the name, and `KubernetesForbidden`, with
 * nothing changed, where podshift may not add a subject to one of the bindings.
 */
export async function splitServiceAccount(runtime: ClusterRuntime, input: UnitInput): Promise<{ bindings: number }> {
  const context = await forwardUnit(runtime, input, 'split');
  const { run, unit, kubernetes } = context;
  const { metadata, namespace, serviceAccount } = unit.plan;
  if (metadata === undefined || metadata.splitFrom === null) return { bindings: 0 };
  for (const binding of metadata.bindings) await refuseUnbindable(context, binding);
  await journaledWrite(runtime, run, {
    key: `service-account#${unit.unitId}`,
    unitId: unit.unitId,
    kind: 'service-account',
    object: `ServiceAccount/${namespace}/${serviceAccount}`,
    before: null,
    perform: async (entry) => (entry.state === 'applied' ? entry.after : { uid: await createOrAdopt(kubernetes, run, unit.plan) }),
  });
  for (const binding of metadata.bindings) await bind(runtime, context, binding);
  return { bindings: metadata.bindings.length };
}

async function createOrAdopt(kubernetes: KubernetesGateway, run: RunRecord, plan: UnitPlan): Promise<string> {
  const { namespace, serviceAccount } = plan;
  try {
    return (await kubernetes.create(RESOURCES.serviceAccounts, namespace, newServiceAccount(run, plan))).metadata.uid ?? '';
  } catch (error) {
    if (!isPodshiftError(error, 'AlreadyExists')) throw error;
    const found = await kubernetes.get(RESOURCES.serviceAccounts, namespace, serviceAccount);
    if (found !== undefined && isOurs(found, run)) return found.metadata.uid ?? '';
    throw new PodshiftError('WorldMoved', `somebody else made a service account ${plan.id} since the plan was made`, { cause: error });
  }
}

function isOurs(object: KubernetesObject, run: RunRecord): boolean {
  return object.metadata.annotations?.[RUN_ANNOTATION] === run.runId;
}

/** The service account as the plan shows it, marked as this run's. */
function newServiceAccount(run: RunRecord, { namespace, serviceAccount, metadata }: UnitPlan): KubernetesObject {
  const shape = metadata?.shape;
  const automount = shape?.automountServiceAccountToken ?? null;
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      namespace,
      name: serviceAccount,
      labels: { ...shape?.labels, [MANAGED_BY_LABEL.key]: MANAGED_BY_LABEL.value },
      annotations: { ...shape?.annotations, [RUN_ANNOTATION]: run.runId },
    },
    ...((shape?.imagePullSecrets ?? []).length === 0 ? {} : { imagePullSecrets: shape?.imagePullSecrets }),
    ...((shape?.secrets ?? []).length === 0 ? {} : { secrets: shape?.secrets }),
    ...(automount === null ? {} : { automountServiceAccountToken: automount }),
  };
}

function bindingResource(binding: Binding) {
  return binding.kind === 'RoleBinding' ? RESOURCES.roleBindings : RESOURCES.clusterRoleBindings;
}

/** `Kind/namespace/name` of a binding. */
function bindingSubject({ kind, namespace, name }: Binding): string {
  return namespace === null ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Sets the binding's subjects, guarded by the version that was read: two units of one service account write the same ones. */
async function writeSubjects(
  kubernetes: KubernetesGateway,
  binding: Binding,
  object: KubernetesObject,
  subjects: readonly Subject[],
): Promise<void> {
  await kubernetes.patch(bindingResource(binding), binding.namespace ?? undefined, binding.name, {
    type: 'merge',
    body: { metadata: guard(object), subjects },
  });
}

function isSubject(subject: Subject, plan: UnitPlan): boolean {
  return subject.kind === 'ServiceAccount' && subject.name === plan.serviceAccount && subject.namespace === plan.namespace;
}

/** Asks the API server by a dry run: it lets a subject be added by whoever has all that the role allows, or may bind it by name. */
async function refuseUnbindable({ unit, kubernetes }: UnitContext, binding: Binding): Promise<void> {
  const object = await bindingNow(kubernetes, binding);
  const subjects: readonly Subject[] = object.subjects ?? [];
  if (subjects.some((each) => isSubject(each, unit.plan))) return;
  const body = { subjects: [...subjects, subjectOf(unit.plan)] };
  try {
    await kubernetes.patch(
      bindingResource(binding),
      binding.namespace ?? undefined,
      binding.name,
      { type: 'merge', body },
      { dryRun: true },
    );
  } catch (error) {
    if (!isPodshiftError(error, 'KubernetesForbidden')) throw error;
    const role = `${object.roleRef?.kind}/${object.roleRef?.name}`;
    throw new PodshiftError(
      'KubernetesForbidden',
      `${unit.unitId} has to join ${bindingSubject(binding)}, and podshift may not bind ${role}: name it in the rule of infra/cluster-access/splitting.yaml, apply that, then plan again`,
      { cause: error, details: error.details },
    );
  }
}

async function bindingNow(kubernetes: KubernetesGateway, binding: Binding): Promise<KubernetesObject> {
  const object = await kubernetes.get(bindingResource(binding), binding.namespace ?? undefined, binding.name);
  if (object === undefined) throw new PodshiftError('WorldMoved', `${bindingSubject(binding)} is gone since the plan was made`);
  return object;
}

function subjectOf({ namespace, serviceAccount }: UnitPlan): Subject {
  return { kind: 'ServiceAccount', name: serviceAccount, namespace };
}

async function bind(runtime: JournalRuntime, { run, unit, kubernetes }: UnitContext, binding: Binding): Promise<void> {
  const key = `binding#${bindingSubject(binding)}#${unit.unitId}`;
  if ((await runtime.journal.getEntry(run.runId, key))?.state === 'applied') return;
  const subject = subjectOf(unit.plan);
  await journaledWrite(runtime, run, {
    key,
    unitId: unit.unitId,
    kind: 'binding',
    object: bindingSubject(binding),
    before: { subject: null },
    perform: async () => {
      await addSubject(kubernetes, binding, unit.plan);
      return { subject };
    },
  });
}

/** How often a binding is read and written for one unit: the others that are split off the same service account write it at the same time. */
const MOST_TRIES = 5;

/** Adds the unit's service account to those that the binding has now. Throws `Conflict` where it changes each time between read and write. */
async function addSubject(kubernetes: KubernetesGateway, binding: Binding, plan: UnitPlan): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const object = await bindingNow(kubernetes, binding);
    const subjects: readonly Subject[] = object.subjects ?? [];
    if (subjects.some((each) => isSubject(each, plan))) return;
    try {
      return await writeSubjects(kubernetes, binding, object, [...subjects, subjectOf(plan)]);
    } catch (error) {
      if (!isPodshiftError(error, 'Conflict') || attempt === MOST_TRIES) throw error;
    }
  }
}

/** Takes the service account out of the bindings again and deletes it: the last step of a rollback, when nothing runs as it. */
export async function undoSplit(
  runtime: JournalRuntime,
  { run, unit, kubernetes }: UnitContext,
  entries: readonly JournalEntry[],
): Promise<void> {
  const { namespace, serviceAccount, metadata } = unit.plan;
  for (const entry of entries) {
    if (entry.kind !== 'binding' || entry.state === 'undone') continue;
    const binding = metadata?.bindings.find((candidate) => bindingSubject(candidate) === entry.object);
    const object =
      binding === undefined ? undefined : await kubernetes.get(bindingResource(binding), binding.namespace ?? undefined, binding.name);
    const subjects: readonly Subject[] = object?.subjects ?? [];
    const left = subjects.filter((subject) => !isSubject(subject, unit.plan));
    if (binding !== undefined && object !== undefined && left.length < subjects.length) {
      await fence(runtime, run);
      await writeSubjects(kubernetes, binding, object, left);
    }
    await markUndone(runtime, run.runId, entry.key);
  }
  const made = entries.find((entry) => entry.kind === 'service-account' && entry.state !== 'undone');
  if (made === undefined) return;
  const found = await kubernetes.get(RESOURCES.serviceAccounts, namespace, serviceAccount);
  if (found !== undefined && isOurs(found, run)) {
    await fence(runtime, run);
    await kubernetes.delete(
      RESOURCES.serviceAccounts,
      namespace,
      serviceAccount,
      found.metadata.uid === undefined ? {} : { uid: found.metadata.uid },
    );
  }
  await markUndone(runtime, run.runId, made.key);
}
