import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { ownedBy } from '../objects.ts';
import type { PodTemplate, World } from '../world.ts';
import { templateHash, templateKey } from './template-hash.ts';

/** The label by which pods of StatefulSets and DaemonSets name their revision. */
export const REVISION_LABEL = 'controller-revision-hash';

/** A revision of a StatefulSet's or DaemonSet's template. */
export interface TemplateRevision {
  /** What pods carry as {@link REVISION_LABEL}: the object's name for a StatefulSet, its hash alone for a DaemonSet. */
  readonly label: string;
  readonly template: PodTemplate;
}

/** The revision of the current template: the kept one where a former template comes back, else a new one. */
export function ensureRevision(world: World, owner: KubernetesObject): TemplateRevision {
  const kind = world.kind('apps', 'ControllerRevision');
  const template: PodTemplate = owner.spec.template;
  const key = templateKey(template);
  const kept = world.ownedBy(owner, 'ControllerRevision');
  const same = kept.filter((revision) => revision.data?.spec?.template !== undefined && templateKey(revision.data.spec.template) === key);
  const known = same.sort((left, right) => Number(right.revision ?? 0) - Number(left.revision ?? 0))[0];
  const newest = Math.max(0, ...kept.map((revision) => Number(revision.revision ?? 0)));
  if (known !== undefined) {
    if (known.revision < newest) {
      world.store.update(kind, known, { ...known, revision: newest + 1 }, 'system');
    }
    return { label: labelOf(owner, known), template };
  }
  const hash = templateHash(template);
  const created = world.store.create(
    kind,
    {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name: `${owner.metadata.name}-${hash}`,
        namespace: owner.metadata.namespace as string,
        labels: { ...template.metadata?.labels, 'controller.kubernetes.io/hash': hash },
        ownerReferences: ownedBy(owner),
      },
      data: { spec: { template } },
      revision: newest + 1,
    },
    'system',
  );
  return { label: labelOf(owner, created), template };
}

/** A kept revision by its label. */
export function revisionNamed(world: World, owner: KubernetesObject, label: string | undefined): TemplateRevision | undefined {
  const found = world.ownedBy(owner, 'ControllerRevision').find((revision) => labelOf(owner, revision) === label);
  const template = found?.data?.spec?.template as PodTemplate | undefined;
  return template === undefined || label === undefined ? undefined : { label, template };
}

/** Deletes revisions beyond the owner's limit that no pod carries, the oldest first. */
export function cleanUpRevisions(world: World, owner: KubernetesObject, live: ReadonlySet<string>): void {
  const unused = world.ownedBy(owner, 'ControllerRevision').filter((revision) => !live.has(labelOf(owner, revision)));
  unused.sort((left, right) => Number(left.revision) - Number(right.revision));
  for (const revision of unused.slice(0, Math.max(0, unused.length - (owner.spec.revisionHistoryLimit ?? 10)))) {
    world.delete(world.kind('apps', 'ControllerRevision'), revision);
  }
}

function labelOf(owner: KubernetesObject, revision: KubernetesObject): string {
  return owner.kind === 'StatefulSet' ? revision.metadata.name : revision.metadata.name.slice(owner.metadata.name.length + 1);
}
