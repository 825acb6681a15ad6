import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { AGENT } from '../aws/agent-daemonset.ts';
import type { AwsChange } from '../aws/records.ts';
import type { ObjectChange } from '../contracts.ts';
import { type Baseline, objectKey, templateServiceAccount } from './baseline.ts';
import { isDaemonPod, isDaemonStep, runsAsDaemon } from './daemon-writes.ts';
import { differences } from './differences.ts';
import { isBindingStep, isSplitOff, isTemplateStep, maySplitOff } from './split-writes.ts';

/** A write that a migration must not make. */
export interface ForeignWrite {
  /** `Kind/namespace/name`, `Role/NAME`, `Association/NAMESPACE/NAME` or `Addon/NAME`. */
  readonly object: string;
  readonly why: string;
}

/** Label of the pods that podshift makes to prove credentials. */
const PROBE = ['app.kubernetes.io/managed-by', 'podshift'] as const;
const RESTARTED_AT = ['spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt'].join('\0');
const RESTARTABLE = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Rollout']);

/** Whether a pod is one of podshift's own probes. */
export function isProbe(pod: KubernetesObject): boolean {
  return pod.kind === 'Pod' && pod.metadata.labels?.[PROBE[0]] === PROBE[1];
}

/**
 * P3's second half: every write of a client to the cluster is one that a migration of the bound service accounts needs.
 * Answers what is wrong with it. `operation` is the request's, as the log has it.
 */
export function judgeObject(change: ObjectChange, baseline: Baseline, operation: string): ForeignWrite | undefined {
  const object = change.after ?? change.before;
  if (change.by !== 'request' || object === undefined) return undefined;
  const foreign = (why: string): ForeignWrite => ({ object: objectKey(object), why });
  const serviceAccount =
    object.kind === 'ServiceAccount' ? `${object.metadata.namespace}/${object.metadata.name}` : templateServiceAccount(object);
  const bound = serviceAccount === undefined ? undefined : baseline.bound.get(serviceAccount);
  const isSplit = serviceAccount !== undefined && isSplitOff(serviceAccount, baseline);
  if (isProbe(object))
    return bound === undefined && !isSplit && !runsAsDaemon(serviceAccount, baseline)
      ? foreign('probe of a service account that is not bound')
      : undefined;
  // Made for a split, and gone again on its way back.
  if (isSplit && object.kind === 'ServiceAccount' && object.metadata.labels?.[PROBE[0]] === PROBE[1]) return undefined;
  if (change.before === undefined) return foreign('created');
  const leaving =
    change.after === undefined ||
    (change.before.metadata.deletionTimestamp === undefined && change.after.metadata.deletionTimestamp !== undefined);
  if (leaving && object.kind === 'Pod' && (bound !== undefined || isSplit)) {
    return operation === 'delete pods' ? foreign('deleted past the eviction API, which heeds disruption budgets') : undefined;
  }
  if (leaving) return isDaemonPod(object, baseline) ? undefined : foreign('deleted');
  const paths = differences(change.before, change.after as KubernetesObject).map((path) => path.join('\0'));
  if (paths.length === 0 || isBindingStep(paths, change.after as KubernetesObject, baseline)) return undefined;
  const allowed = (path: string): boolean => {
    if (isTemplateStep(path, change.after as KubernetesObject, baseline)) return true;
    if (isDaemonStep(path, change.after as KubernetesObject, baseline)) return true;
    if (bound === undefined && !baseline.daemonRoles.byWorkload.has(objectKey(object))) return false;
    if (object.kind === 'ServiceAccount')
      return bound !== undefined && isAnnotationStep(path, change.after as KubernetesObject, bound.prefix, baseline);
    if (object.kind === 'Rollout' && path === ['spec', 'restartAt'].join('\0')) return true;
    return RESTARTABLE.has(object.kind) && path === RESTARTED_AT;
  };
  const strange = paths.find((path) => !allowed(path));
  return strange === undefined
    ? undefined
    : foreign(`changed ${strange.replaceAll('\0', '.')}${bound === undefined ? ', of no bound service account' : ''}`);
}

/** P3's second half for AWS. */
export function judgeAwsChange(change: AwsChange, baseline: Baseline): ForeignWrite | undefined {
  if (change.by !== 'request') return undefined;
  if (change.kind === 'trust-stored') {
    return baseline.boundByRole.has(change.role.arn)
      ? undefined
      : { object: `Role/${change.role.name}`, why: 'trust policy of a role that no service account was bound to' };
  }
  if (change.kind === 'addon') {
    const why = change.addonName === AGENT ? agentChange(change, baseline) : addonChange(change, baseline);
    return why === '' ? undefined : { object: `Addon/${change.addonName}`, why };
  }
  if (change.kind === 'trust-visible') return undefined;
  if (change.kind === 'role-created' || change.kind === 'role-deleted')
    return change.kind === 'role-created' ? undefined : { object: `Role/${change.role.name}`, why: 'deleted' };
  const { association } = change;
  const key = `${association.namespace}/${association.serviceAccount}`;
  const object = `Association/${key}`;
  const bound = baseline.bound.get(key);
  if (change.kind === 'association-updated') return { object, why: 'updated' };
  if (baseline.associations.has(association.associationId)) return { object, why: 'deleted, and it was there before' };
  return (bound !== undefined && bound.roleArn === association.roleArn) || maySplitOff(key, association.roleArn, baseline)
    ? undefined
    : { object, why: `names role ${association.roleArn}, which the service account was not bound to` };
}

type AddonChange = Extract<AwsChange, { kind: 'addon' }>;

/** The agent may come, and what came may go. Answers what is wrong. */
function agentChange({ before, after, addonName }: AddonChange, baseline: Baseline): string {
  const removesOlder = after?.status === 'DELETING' && baseline.addons.has(addonName);
  const edits = before !== undefined && after !== undefined && after.status !== 'DELETING';
  return removesOlder || edits ? 'the agent was changed' : '';
}

/** Of an add-on that was there only its role and its associations may change; the associations are judged one by one. */
function addonChange({ before, after }: AddonChange, baseline: Baseline): string {
  if (before === undefined || after === undefined || after.status === 'DELETING') return 'add-on created or deleted';
  const kept = ['addonVersion', 'configurationValues', 'tags'] as const;
  const moved = kept.find((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  if (moved !== undefined) return `${moved} changed`;
  const role = after.serviceAccountRoleArn;
  return role === undefined || baseline.addonRoles.get(after.addonName) === role ? '' : `took the role ${role}, which it did not have`;
}

/** The role and audience annotations may go, and come back as they were. */
function isAnnotationStep(path: string, after: KubernetesObject, prefix: string, baseline: Baseline): boolean {
  const key = [`${prefix}/role-arn`, `${prefix}/audience`].find((one) => path === ['metadata', 'annotations', one].join('\0'));
  if (key === undefined) return false;
  const value = after.metadata.annotations?.[key];
  return value === undefined || value === baseline.objects.get(objectKey(after))?.metadata.annotations?.[key];
}
