import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { groupOf, KindRegistry } from '../../twin/kubernetes/kinds.ts';

/**
 * Definitions for the custom resources among the objects whose group the cluster does not serve and whose kind no definition
 * among them declares: a snapshot need not hold definitions. They take any fields.
 */
export function missingDefinitions(objects: readonly KubernetesObject[], servedGroups: ReadonlySet<string>): KubernetesObject[] {
  const declared = new Set(
    objects.filter(({ kind }) => kind === 'CustomResourceDefinition').map(({ spec }) => `${spec.group}/${spec.names.kind}`),
  );
  const kinds = new KindRegistry();
  for (const object of objects) kinds.learnObject(object);
  const custom = kinds
    .all()
    .filter(
      ({ group, kind, custom: isCustom }) =>
        isCustom && group.includes('.') && !servedGroups.has(group) && !declared.has(`${group}/${kind}`),
    );
  return custom
    .filter(({ group, kind }) => objects.some((object) => object.kind === kind && groupOf(object.apiVersion) === group))
    .map(({ group, kind, plural, singular, namespaced, versions }) => ({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: `${plural}.${group}`,
        // Groups of Kubernetes' own are taken with a word on their approval alone (KEP-1111).
        ...(/(^|\.)(k8s|kubernetes)\.io$/.test(group)
          ? { annotations: { 'api-approved.kubernetes.io': 'unapproved, a stand-in for tests' } }
          : {}),
      },
      spec: {
        group,
        names: { kind, plural, singular, listKind: `${kind}List` },
        scope: namespaced ? 'Namespaced' : 'Cluster',
        versions: versions.map((name, index) => ({
          name,
          served: true,
          storage: index === 0,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        })),
      },
    }));
}
