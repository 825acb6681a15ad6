import type { KubernetesGateway, KubernetesObject } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { isPodshiftError, PodshiftError } from '../../model/errors.ts';
import type { UnitPlan } from '../../model/plan.ts';
import type { RunRecord, UnitRecord } from '../../model/run.ts';
import { injectionOf, isOnNewWay } from '../../verification/injection.ts';
import { probeName } from '../../verification/probe.ts';
import { resourceOf, subjectOf } from './workloads.ts';

/** Dry runs in a row of one template: each goes by a connection of its own, so to another API server where there are several. */
const TRIES = 3;

/** What admission made of the unit's own templates; `unproved` are those of which nothing is known, as it refused them for reasons of its own. */
export type TemplatesVerdict =
  | { readonly state: 'injected'; readonly checked: number; readonly unproved: Readonly<Record<string, string>> }
  | { readonly state: 'not-yet'; readonly message: string };

/**
 * Asks admission what pods of each workload that is to be restarted would be now: the probe says nothing of what a template has of its
 * own, for whose sake the webhook leaves something out, or the API server refuses what it adds. Throws `ProofFailed` where such a pod
 * would have variables without a token, or would not be made at all.
 */
export async function dryRunTemplates(kubernetes: KubernetesGateway, run: RunRecord, unit: UnitRecord): Promise<TemplatesVerdict> {
  const unproved: Record<string, string> = {};
  let checked = 0;
  for (const workload of unit.plan.workloads) {
    const resource = workload.restart === 'none' ? undefined : resourceOf(workload);
    const object = resource === undefined ? undefined : await kubernetes.get(resource, unit.plan.namespace, workload.name);
    // A workload that is gone is the restart's to tell.
    const template = object === undefined ? undefined : await templateOf(kubernetes, object);
    if (object === undefined || template === undefined) continue;
    const subject = subjectOf(unit.plan, workload);
    for (let attempt = 0; attempt < TRIES && unproved[subject] === undefined; attempt += 1) {
      const pod = podOf(template, object, unit.plan, probeName(run.runId, `${unit.unitId} ${subject}`, 'check', attempt));
      const made = await admitted(kubernetes, pod, subject);
      if (typeof made === 'string') unproved[subject] = made;
      else if (!isOnNewWay(made, run.options.annotationPrefix)) return notInjected(made, subject, run.options.annotationPrefix);
    }
    if (unproved[subject] === undefined) checked += 1;
  }
  return { state: 'injected', checked, unproved };
}

/** The workload's own template, or that of the Deployment whose template a Rollout takes. */
async function templateOf(kubernetes: KubernetesGateway, object: KubernetesObject): Promise<Partial<KubernetesObject> | undefined> {
  const { template, workloadRef } = object.spec ?? {};
  if (template !== undefined || workloadRef?.kind !== 'Deployment') return template;
  return (await kubernetes.get(RESOURCES.deployments, object.metadata.namespace, workloadRef.name))?.spec?.template;
}

/** A pod of the template as its controller would make it, but for its owner. */
function podOf(
  { metadata, spec }: Partial<KubernetesObject>,
  { spec: owner }: KubernetesObject,
  { namespace, serviceAccount }: UnitPlan,
  name: string,
): KubernetesObject {
  const { serviceAccount: _deprecated, ...kept } = spec;
  // A StatefulSet's controller adds a volume for each claim.
  const claims: readonly { readonly metadata: { readonly name: string } }[] = owner.volumeClaimTemplates ?? [];
  const volumes: readonly { readonly name: string }[] = kept.volumes ?? [];
  const claimed = claims
    .filter(({ metadata: claim }) => !volumes.some((volume) => volume.name === claim.name))
    .map(({ metadata: claim }) => ({ name: claim.name, persistentVolumeClaim: { claimName: `${claim.name}-${name}` } }));
  const annotations = metadata?.annotations;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: metadata?.labels ?? {},
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: { ...kept, serviceAccountName: serviceAccount, ...(claimed.length === 0 ? {} : { volumes: [...volumes, ...claimed] }) },
  };
}

/** The pod as admitted, or why admission said nothing. Throws `ProofFailed` where the API server refuses what the webhook added. */
async function admitted(kubernetes: KubernetesGateway, pod: KubernetesObject, subject: string): Promise<KubernetesObject | string> {
  try {
    return await kubernetes.create(RESOURCES.pods, pod.metadata.namespace, pod, { dryRun: true });
  } catch (error) {
    if (!isPodshiftError(error, 'KubernetesForbidden', 'InvalidRequest', 'NotFound')) throw error;
    const fields = (error.details.fields ?? []) as readonly string[];
    if (!fields.some((field) => /(volumeMounts\[\d+\]\.mountPath|volumes\[\d+\]\.name)$/.test(field))) return error.message;
    throw new PodshiftError(
      'ProofFailed',
      `the API server refuses new pods of ${subject} with the token that the webhook adds (${fields.join(', ')}): move the mount in the pod template, then plan again`,
    );
  }
}

/** Only what the template itself does is certain: what has no variables may be asked of a webhook that does not know the association yet. */
function notInjected(pod: KubernetesObject, subject: string, prefix: string): TemplatesVerdict {
  const containers = injectionOf(pod, prefix);
  if (containers.length === 0)
    throw new PodshiftError(
      'ProofFailed',
      `the skip-containers annotation of ${subject} names every container: take it off, then plan again`,
    );
  const outranked = containers.find(({ way, outranking }) => way === 'new' && outranking.length > 0);
  if (outranked !== undefined)
    throw new PodshiftError(
      'ProofFailed',
      `container ${outranked.container} of ${subject} sets ${outranked.outranking.join(', ')} in the pod template: take it out there, then plan again`,
    );
  const unserved = containers.find(({ way }) => way === 'unserved');
  if (unserved === undefined) return { state: 'not-yet', message: `new pods of ${subject} are not injected` };
  throw new PodshiftError(
    'ProofFailed',
    `container ${unserved.container} of new pods of ${subject} would have the variables of the webhook and no token: rename the volume or mount of the webhook's name in the pod template, then plan again`,
  );
}
