import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { Baseline } from './baseline.ts';
import { objectKey } from './baseline.ts';
import { templateOf } from './daemon-roles.ts';

/** Whether a service account (`NAMESPACE/NAME`) can be one that a migration split off: new, where workloads of a shared one need it. */
export function isSplitOff(key: string, baseline: Baseline): boolean {
  const namespace = key.split('/')[0] ?? '';
  return !baseline.knows(key) && [...baseline.daemonRoles.splits.values()].some((namespaces) => namespaces.has(namespace));
}

/** Whether that service account may have this role. */
export function maySplitOff(key: string, roleArn: string, baseline: Baseline): boolean {
  return !baseline.knows(key) && baseline.daemonRoles.splits.get(roleArn)?.has(key.split('/')[0] ?? '') === true;
}

/** Whether a path of a change of a workload's template is one that a migration from kube2iam or kiam makes, or its way back. */
export function isTemplateStep(path: string, after: KubernetesObject, baseline: Baseline): boolean {
  const key = objectKey(after);
  const known = baseline.objects.get(key);
  if (!baseline.daemonRoles.byWorkload.has(key) || known === undefined) return false;
  const prefix = after.kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec', 'template'] : ['spec', 'template'];
  const parts = path.split('\0');
  if (!prefix.every((part, index) => parts[index] === part)) return false;
  const [first, second, third = ''] = parts.slice(prefix.length);
  const [now, before] = [templateOf(after), templateOf(known)];
  if (first === 'metadata' && second === 'annotations' && baseline.daemonRoles.keys.has(third)) {
    const value = now?.metadata?.annotations?.[third];
    return value === undefined || value === before?.metadata?.annotations?.[third];
  }
  if (first !== 'spec' || (second !== 'serviceAccountName' && second !== 'serviceAccount')) return false;
  const value = now?.spec?.[second];
  return value === before?.spec?.[second] || (typeof value === 'string' && isSplitOff(`${after.metadata.namespace}/${value}`, baseline));
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Whether a binding has its subjects of the start, and besides them only service accounts that were split off one of those. */
export function isBindingStep(paths: readonly string[], after: KubernetesObject, baseline: Baseline): boolean {
  const known = baseline.objects.get(objectKey(after));
  if (known === undefined || paths.some((path) => path !== 'subjects')) return false;
  const before: readonly Subject[] = known.subjects ?? [];
  const idOf = (subject: Subject): string => `${subject.namespace ?? after.metadata.namespace}/${subject.name}`;
  const named = before.some((subject) => subject.kind === 'ServiceAccount' && baseline.daemonRoles.shared.has(idOf(subject)));
  const kept = ((after.subjects ?? []) as readonly Subject[]).filter(
    (subject) => !(subject.kind === 'ServiceAccount' && isSplitOff(idOf(subject), baseline)),
  );
  return named && JSON.stringify(kept) === JSON.stringify(before);
}
