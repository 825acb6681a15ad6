import type { ConsumerNeed } from '../../model/inventory.ts';

/** One row: where a kind of custom resource names a service account, and what it needs of it. */
export interface ConsumerKind {
  readonly component: string;
  readonly group: string;
  readonly kind: string;
  /**
   * Fields from the object's root, dots between them: `[]` goes through a list, `*` through any one field, `**` at the end stands for
   * every field that names a service account and that no other row of the kind reads. `{name}-x` stands for a service account that the
   * component calls after the object.
   */
  readonly at: string;
  readonly needs: ConsumerNeed;
  /** The row holds only where this field has this value. */
  readonly where?: readonly [field: string, value: string];
  /** Documentation, or repository and path of the code that reads it. */
  readonly source: string;
}

type Shape = Omit<ConsumerKind, 'kind' | 'component' | 'group' | 'source'>;

/** Rows of several kinds of one component that have the same fields. */
export function rows(component: string, group: string, kinds: readonly string[], source: string, shapes: readonly Shape[]): ConsumerKind[] {
  return kinds.flatMap((kind) => shapes.map((shape) => ({ component, group, kind, source, ...shape })));
}

/** Kinds whose objects name the service account of pods that their controller starts: such pods get Pod Identity as any other. */
export function startsPods(component: string, group: string, kinds: readonly string[], source: string): ConsumerKind[] {
  return rows(component, group, kinds, source, [{ at: '**', needs: 'pods' }]);
}

/** Kinds that name service accounts and use neither their token nor their annotation at AWS. */
export function names(component: string, group: string, kinds: readonly string[], source: string): ConsumerKind[] {
  return rows(component, group, kinds, source, [{ at: '**', needs: 'nothing' }]);
}
