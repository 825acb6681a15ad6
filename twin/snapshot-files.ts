import { z } from 'zod';
import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { PodshiftError } from '../src/model/errors.ts';
import { schemaProblem } from '../src/model/text/schema-problems.ts';
import { withoutNulls } from './kubernetes/absent.ts';
import { isBuiltInGroup } from './kubernetes/kinds.ts';
import { parseDocuments } from './snapshot-text.ts';

/** An object of a snapshot, and where it stood. */
export interface SourcedObject {
  readonly object: KubernetesObject;
  /** File, and document or item within it, such as `kubernetes/all.yaml: document 3`. */
  readonly where: string;
}

/** A list of one page of a kind's objects. */
export interface SourcedList {
  /** `KIND` or `KIND.GROUP` of the items; empty for kubectl's own List of several kinds. */
  readonly kind: string;
  readonly where: string;
  /** Whether the API server had more to give. */
  readonly continued: boolean;
}

/** What a Kubernetes file holds. */
export interface KubernetesFile {
  readonly objects: readonly SourcedObject[];
  readonly lists: readonly SourcedList[];
}

const objectSchema = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().min(1).optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});

/**
 * The Kubernetes objects of one file (YAML or JSON, any number of documents, lists expanded) or of decoded documents.
 * Every field is kept. Throws `SnapshotUnreadable` naming line, document and field.
 */
export function parseKubernetes(source: string | readonly unknown[], name: string): KubernetesFile {
  const documents = typeof source === 'string' ? parseDocuments(source, name) : source;
  const found = { objects: [] as SourcedObject[], lists: [] as SourcedList[] };
  for (const [index, document] of documents.entries()) {
    const where = typeof source !== 'string' ? `${name}[${index}]` : documents.length === 1 ? name : `${name}: document ${index + 1}`;
    expand(document, where, undefined, found);
  }
  return found;
}

function expand(
  value: unknown,
  where: string,
  listKind: { kind: string; apiVersion: string } | undefined,
  found: { objects: SourcedObject[]; lists: SourcedList[] },
): void {
  if (isList(value)) {
    const kind = value.kind === 'List' ? undefined : { kind: value.kind.slice(0, -'List'.length), apiVersion: value.apiVersion };
    found.lists.push({ kind: kind === undefined ? '' : qualifiedKind(kind), where, continued: Boolean(value.metadata?.continue) });
    for (const [index, item] of (value.items ?? []).entries()) expand(item, `${where}: items[${index}]`, kind, found);
    return;
  }
  // Items of a typed list (PodList) come without kind and apiVersion from the API; kubectl's List has them.
  const typed = listKind !== undefined && typeof value === 'object' && value !== null ? { ...listKind, ...value } : value;
  const object = tidy(typed as KubernetesObject);
  const result = objectSchema.safeParse(object);
  if (!result.success) {
    const issue = result.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the object' : issue.path.join('.');
    throw new PodshiftError(
      'SnapshotUnreadable',
      `${where}: ${field}: ${issue === undefined ? 'not an object' : schemaProblem(issue)}; expected a Kubernetes object`,
      {
        details: { file: where, field },
      },
    );
  }
  found.objects.push({ object, where });
}

/** `KIND`, or `KIND.GROUP` outside of the core group. */
export function qualifiedKind({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] as string) : '';
  return group === '' ? kind : `${kind}.${group}`;
}

// Manifests may leave the namespace out; what kubectl prints never does. Other kinds are kept as they are.
const NAMESPACED = new Set(
  'ConfigMap CronJob DaemonSet Deployment Job Pod PodDisruptionBudget ReplicaSet ReplicationController Role RoleBinding Secret Service ServiceAccount StatefulSet'.split(
    ' ',
  ),
);

/** Members that Kubernetes types have; what else a manifest writes is kept as it stands. */
const TYPED = ['spec', 'status', 'data', 'secrets', 'imagePullSecrets', 'rules', 'subjects', 'roleRef', 'webhooks', 'template'] as const;

/** As an API server would keep it: what is `null` is absent (in a custom resource, of its metadata alone), and the namespace defaults. */
function tidy(object: KubernetesObject): KubernetesObject {
  if (typeof object !== 'object' || object === null || typeof object.metadata !== 'object' || object.metadata === null) return object;
  const { kind, apiVersion } = object;
  const typed = typeof apiVersion === 'string' && isBuiltInGroup(apiVersion);
  const members = ['metadata', ...(typed ? TYPED.filter((member) => member in object) : [])];
  const read = withoutNulls(Object.fromEntries(members.map((member) => [member, object[member]]))) as Partial<KubernetesObject>;
  const others = Object.entries(object).filter(([member]) => !members.includes(member) || member in read);
  const metadata = read.metadata as KubernetesObject['metadata'];
  const homeless = metadata.namespace === undefined && NAMESPACED.has(kind);
  return { ...Object.fromEntries(others), ...read, metadata: homeless ? { ...metadata, namespace: 'default' } : metadata } as never;
}

interface List {
  readonly kind: string;
  readonly apiVersion: string;
  readonly items?: readonly unknown[] | null;
  readonly metadata?: { readonly continue?: string } | null;
}

/** A list of objects: kubectl's, or one kind's. Kinds whose own names end in `List` have a name. */
function isList(value: unknown): value is List {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, items, metadata } = value as { kind?: unknown; items?: unknown; metadata?: { name?: unknown } | null };
  const named = typeof metadata?.name === 'string';
  return typeof kind === 'string' && kind.endsWith('List') && !named && (Array.isArray(items) || items === null || items === undefined);
}
