import type { KubernetesObject } from '../kubernetes/gateway.ts';
import { type Draft, type DraftWorld, draftWorkload, serviceAccountOf, templateOf } from './workloads.ts';

/** Kinds whose template an Argo Rollout can take by `workloadRef` (argo-rollouts, "Migrating to Rollouts") and that are listed. */
const REFERRED: ReadonlySet<string> = new Set(['Deployment', 'ReplicaSet']);

/** Whether a Rollout could take this workload's template. */
export function isTemplateOfOthers({ kind }: KubernetesObject): boolean {
  return REFERRED.has(kind);
}

/** What is asked of a service account's workloads. */
interface Concerned extends DraftWorld {
  readonly concerns: (namespace: string, serviceAccount: string) => boolean;
}

/**
 * The drafts of Rollouts that take their template from another workload, by `KIND/NAMESPACE/NAME` in `templates`; the draft of that
 * workload says who takes it. A Rollout whose template is elsewhere gets none: its pods stand for an owner that is not known.
 */
export function rolloutDrafts(
  rollouts: readonly KubernetesObject[],
  templates: ReadonlyMap<string, KubernetesObject>,
  drafts: readonly Draft[],
  scope: Concerned,
): Draft[] {
  return rollouts.flatMap((rollout) => {
    const { namespace = '', name } = rollout.metadata;
    const { kind, name: referred } = rollout.spec?.workloadRef ?? {};
    const template = templateOf(templates.get(`${kind}/${namespace}/${referred}`) ?? rollout);
    if (template === undefined) return [];
    const serviceAccount = serviceAccountOf(template.spec);
    if (!scope.concerns(namespace, serviceAccount)) return [];
    const source = drafts.find(({ facts }) => facts.kind === kind && facts.namespace === namespace && facts.name === referred);
    if (source !== undefined) source.facts.templateOf = `Rollout/${namespace}/${name}`;
    return [draftWorkload({ ...rollout, spec: { ...rollout.spec, template } }, serviceAccount, scope)];
  });
}
