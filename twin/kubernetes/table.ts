import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Kind } from './kinds.ts';
import { CLUSTER } from './tables/cluster.ts';
import { AGE, type Column, NAME } from './tables/column.ts';
import { customColumns } from './tables/custom.ts';
import { NETWORK } from './tables/network.ts';
import { POD } from './tables/pod.ts';
import { WORKLOADS } from './tables/workloads.ts';

/** What Kubernetes' own printers show of a kind, by `KIND.GROUP`; its other kinds have a name and an age. */
const COLUMNS: Readonly<Record<string, readonly Column[]>> = { Pod: POD, ...WORKLOADS, ...NETWORK, ...CLUSTER };

/** Whether a client would rather have a table than objects, as `kubectl get` says. */
export function wantsTable(accept: string | undefined): boolean {
  return accept?.split(',')[0]?.includes('as=Table') === true;
}

/** The columns in which a kind's objects are printed; a custom kind's are those of its definition. */
export function columnsOf(kind: Kind, version: string, definition: () => KubernetesObject | undefined): readonly Column[] {
  if (!kind.custom) return COLUMNS[kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`] ?? [NAME, AGE];
  return customColumns(definition(), version);
}

/** What a table is made of. */
export interface TableParts {
  readonly columns: readonly Column[];
  readonly items: readonly KubernetesObject[];
  /** The list's metadata. */
  readonly metadata: unknown;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** `None`, `Metadata` or `Object`: what each row holds of its object. */
  readonly includeObject: string | null;
}

/** The table of a list or of one object (k8s.io/apimachinery pkg/apis/meta/v1, Table). */
export function tableOf({ columns, items, metadata, now, includeObject }: TableParts): unknown {
  const shown = (object: KubernetesObject): object => {
    if (includeObject === 'None') return {};
    if (includeObject === 'Object') return { object };
    return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } };
  };
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: columns.map((column) => ({
      name: column.title,
      type: column.type ?? 'string',
      format: column.title === 'Name' && column.wide !== true ? 'name' : '',
      description: '',
      priority: column.wide === true ? 1 : 0,
    })),
    rows: items.map((object) => ({ cells: columns.map(({ cell }) => cell(object, now)), ...shown(object) })),
  };
}
