import type { UnitPlan } from '../model/plan.ts';

/** One field of one object of the cluster, before and after. */
export interface Change {
  /** `Kind/namespace/name`. */
  readonly object: string;
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What a unit of kube2iam or kiam changes besides trust and association, in the order in which it is written. */
export function metadataChanges({ namespace, serviceAccount, metadata }: UnitPlan): Change[] {
  if (metadata === undefined) return [];
  const subject = { kind: 'ServiceAccount', namespace, name: serviceAccount };
  const created =
    metadata.shape === null
      ? []
      : [{ object: `ServiceAccount/${namespace}/${serviceAccount}`, field: '', before: null, after: metadata.shape }];
  const bound = metadata.bindings.map(({ kind, namespace: space, name }) => ({
    object: space === null ? `${kind}/${name}` : `${kind}/${space}/${name}`,
    field: 'subjects',
    before: null,
    after: subject,
  }));
  const templates = metadata.templates.flatMap(({ kind, name, annotations, before, serviceAccount: after }) => {
    const object = `${kind}/${namespace}/${name}`;
    const fields = after === null ? [] : (['serviceAccountName', 'serviceAccount'] as const);
    return [
      ...fields.map((field) => ({ object, field: `template.spec.${field}`, before: before[field], after })),
      ...Object.entries(annotations).map(([key, value]) => ({
        object,
        field: `template.metadata.annotations.${key}`,
        before: value,
        after: null,
      })),
    ];
  });
  return [...created, ...bound, ...templates];
}
