import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { PodshiftError } from '../src/model/errors.ts';

/** An object of a snapshot, and where it stood. */
export interface SourcedObject {
  readonly object: KubernetesObject;
  /** File, and document or item within it, such as `kubernetes/all.yaml: document 3`. */
  readonly where: string;
}

const objectSchema = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().min(1).optional(),
    labels: z.record(z.string(), z.string()).nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
});

/** JSON text of one file. Throws `SnapshotUnreadable` with the line where it breaks. */
export function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(stripByteOrderMark(text));
  } catch (error) {
    throw new PodshiftError('SnapshotUnreadable', `${name}${lineOf(text, error as Error)}: expected JSON, ${(error as Error).message}`, {
      cause: error,
      details: { file: name },
    });
  }
}

/**
 * The Kubernetes objects of one file (YAML or JSON, any number of documents, lists expanded) or of decoded documents.
 * Every field is kept. Throws `SnapshotUnreadable` naming line, document and field.
 */
export function parseKubernetes(source: string | readonly unknown[], name: string): SourcedObject[] {
  if (typeof source !== 'string') return source.flatMap((value, index) => expand(value, `${name}[${index}]`, undefined));
  if (name.endsWith('.json')) return expand(parseJson(source, name), name, undefined);
  // Version 1.1 is what kubectl and Helm write and read: `yes` and `on` are booleans, merge keys are honoured.
  const documents = parseAllDocuments(stripByteOrderMark(source), { version: '1.1', merge: true, uniqueKeys: true });
  const found: SourcedObject[] = [];
  if ('empty' in documents) return found;
  for (const [index, document] of documents.entries()) {
    const error = document.errors[0];
    if (error !== undefined) {
      const line = error.linePos?.[0].line ?? 1;
      throw new PodshiftError('SnapshotUnreadable', `${name}:${line}: expected YAML, ${error.message.split('\n')[0]}`, {
        details: { file: name },
      });
    }
    const value = document.toJS({ maxAliasCount: -1 }) as unknown;
    if (value !== null) found.push(...expand(value, documents.length === 1 ? name : `${name}: document ${index + 1}`, undefined));
  }
  return found;
}

function expand(value: unknown, where: string, listKind: { kind: string; apiVersion: string } | undefined): SourcedObject[] {
  if (isList(value)) {
    const kind = value.kind === 'List' ? undefined : { kind: value.kind.slice(0, -'List'.length), apiVersion: value.apiVersion };
    return value.items.flatMap((item, index) => expand(item, `${where}: items[${index}]`, kind));
  }
  // Items of a typed list (PodList) come without kind and apiVersion from the API; kubectl's List has them.
  const typed = listKind !== undefined && typeof value === 'object' && value !== null ? { ...listKind, ...value } : value;
  const result = objectSchema.safeParse(typed);
  if (!result.success) {
    const issue = result.error.issues[0];
    const field = issue === undefined || issue.path.length === 0 ? 'the object' : issue.path.join('.');
    throw new PodshiftError(
      'SnapshotUnreadable',
      `${where}: ${field}: ${issue?.message ?? 'not an object'}; expected a Kubernetes object`,
      {
        details: { file: where, field },
      },
    );
  }
  return [{ object: tidy(typed as KubernetesObject), where }];
}

// Manifests may leave the namespace out; what kubectl prints never does. Other kinds are kept as they are.
const NAMESPACED = new Set(
  'ConfigMap CronJob DaemonSet Deployment Job Pod PodDisruptionBudget ReplicaSet ReplicationController Role RoleBinding Secret Service ServiceAccount StatefulSet'.split(
    ' ',
  ),
);

/** As an API server would keep it: `annotations:` with nothing behind it is absent, and the namespace defaults. */
function tidy(object: KubernetesObject): KubernetesObject {
  const { labels, annotations, ...metadata } = object.metadata;
  const homeless = metadata.namespace === undefined && NAMESPACED.has(object.kind);
  if (labels !== null && annotations !== null && !homeless) return object;
  const namespace = homeless ? { namespace: 'default' } : {};
  return { ...object, metadata: { ...metadata, ...namespace, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) } };
}

function isList(value: unknown): value is { kind: string; apiVersion: string; items: unknown[] } {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items);
}

function stripByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/** `:LINE` of V8's "position N" or "line N" in a JSON error; empty where it names none. */
function lineOf(text: string, error: Error): string {
  const line = /line (\d+)/.exec(error.message)?.[1];
  if (line !== undefined) return `:${line}`;
  const position = /position (\d+)/.exec(error.message)?.[1];
  return position === undefined ? '' : `:${text.slice(0, Number(position)).split('\n').length}`;
}
