import type { KubernetesGateway, KubernetesObject, Resource } from '../../kubernetes/gateway.ts';
import { RESOURCES } from '../../kubernetes/resources.ts';
import { PodshiftError } from '../../model/errors.ts';
import type { TemplatePlan, UnitPlan } from '../../model/plan.ts';
import { RESTARTED_AT, resourceOf } from './workloads.ts';

/** Fields of a pod template that podshift changes; a null is a field that is absent. */
export interface TemplateFields {
  readonly serviceAccountName?: string | null;
  /** Deprecated, and yet the one that counts where the other is taken away: both are always written together. */
  readonly serviceAccount?: string | null;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/** A planned template, as it is now. */
export interface LiveTemplate {
  readonly plan: TemplatePlan;
  readonly resource: Resource;
  readonly object: KubernetesObject;
  /** `Kind/namespace/name`. */
  readonly subject: string;
}

/** The resource of an object with a pod template that podshift changes. */
function templateResource(plan: TemplatePlan): Resource | undefined {
  if (plan.kind === 'CronJob') return RESOURCES.cronJobs;
  return resourceOf({ apiVersion: '', kind: plan.kind, name: plan.name, restart: 'none', replicas: null, note: '' });
}

/** How a template is called in the journal. */
export function templateSubject(unit: UnitPlan, plan: Pick<TemplatePlan, 'kind' | 'name'>): string {
  return `${plan.kind}/${unit.namespace}/${plan.name}`;
}

/** The template as it is now; undefined where its object is gone. */
export async function liveTemplate(kubernetes: KubernetesGateway, unit: UnitPlan, plan: TemplatePlan): Promise<LiveTemplate | undefined> {
  const resource = templateResource(plan);
  const object = resource === undefined ? undefined : await kubernetes.get(resource, unit.namespace, plan.name);
  if (resource === undefined || object === undefined) return undefined;
  return { plan, resource, object, subject: templateSubject(unit, plan) };
}

/** The fields of `like` as the object has them. */
export function fieldsNow(object: KubernetesObject, like: TemplateFields): TemplateFields {
  const template = object.kind === 'CronJob' ? object.spec?.jobTemplate?.spec?.template : object.spec?.template;
  const annotations = template?.metadata?.annotations;
  return {
    ...(like.serviceAccountName === undefined ? {} : { serviceAccountName: template?.spec?.serviceAccountName ?? null }),
    ...(like.serviceAccount === undefined ? {} : { serviceAccount: template?.spec?.serviceAccount ?? null }),
    ...(like.annotations === undefined
      ? {}
      : { annotations: Object.fromEntries(Object.keys(like.annotations).map((key) => [key, annotations?.[key] ?? null])) }),
  };
}

/** Whether two sets of fields are the same; both have the same keys in the same order. */
export function sameFields(one: TemplateFields, other: TemplateFields): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Sets fields of the template, guarded by the version that was read; the object as written. Throws `Conflict` where it has other fields then. */
export async function writeFields(
  kubernetes: KubernetesGateway,
  { resource, object, subject }: Pick<LiveTemplate, 'resource' | 'object' | 'subject'>,
  fields: TemplateFields,
): Promise<KubernetesObject> {
  const { namespace, name, resourceVersion } = object.metadata;
  const { annotations, ...spec } = fields;
  const template = {
    ...(annotations === undefined ? {} : { metadata: { annotations } }),
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
  };
  const inSpec = object.kind === 'CronJob' ? { jobTemplate: { spec: { template } } } : { template };
  const metadata = resourceVersion === undefined ? {} : { metadata: { resourceVersion } };
  const written = await kubernetes.patch(resource, namespace, name, { type: 'strategic', body: { ...metadata, spec: inSpec } });
  if (!sameFields(fieldsNow(written, fields), fields)) throw new PodshiftError('Conflict', `${subject} is not as podshift wrote it`);
  return written;
}

/** The fields of a template that moves to another service account, with the mark of its restart where it has pods to renew. */
export function movedFields(plan: TemplatePlan, mark: string | null): TemplateFields {
  return {
    serviceAccountName: plan.serviceAccount,
    serviceAccount: plan.serviceAccount,
    ...(mark === null ? {} : { annotations: { [RESTARTED_AT]: mark } }),
  };
}
