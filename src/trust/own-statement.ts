import { createHash } from 'node:crypto';
import type { ServiceAccountName } from '../model/plan.ts';
import { POD_IDENTITY_SERVICE } from './context.ts';
import type { Product } from './product.ts';
import { isObject, statementText } from './trust-policy.ts';
import type { TrustPolicy, TrustStatement } from './types.ts';

/** What one of our statements admits: a full product of namespaces and service accounts, or the whole cluster. */
export type Admission = Product | 'cluster';

/** One of our statements, decoded. */
export interface OwnStatement {
  readonly clusterArn: string;
  readonly accountId: string;
  readonly admission: Admission;
}

/** The parts of a cluster's ARN that matter here. */
export interface ClusterIdentity {
  readonly accountId: string;
  readonly name: string;
}

/** Reads a cluster's ARN; undefined for anything else. */
export function readClusterArn(arn: string): ClusterIdentity | undefined {
  const match = /^arn:aws[a-z0-9-]*:eks:[a-z0-9-]+:(\d{12}):cluster\/([0-9A-Za-z][0-9A-Za-z_-]{0,99})$/.exec(arn);
  return match === null ? undefined : { accountId: match[1] as string, name: match[2] as string };
}

/** Whether a name is a namespace's and service account's as Kubernetes takes them (RFC 1123: a label, a subdomain). */
export function isServiceAccountName({ namespace, name }: ServiceAccountName): boolean {
  return isNamespace(namespace) && isSubdomain(name);
}

function isNamespace(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label));
}

const PREFIXES_KEPT = 1000;
const prefixes = new Map<string, string>();

/** What the Sids of a cluster's statements begin with: `Podshift` and 12 hex digits of the SHA-256 of its ARN. */
export function sidPrefix(clusterArn: string): string {
  const kept = prefixes.get(clusterArn);
  if (kept !== undefined) return kept;
  const prefix = `Podshift${createHash('sha256').update(clusterArn).digest('hex').slice(0, 12)}`;
  if (prefixes.size >= PREFIXES_KEPT) prefixes.clear();
  prefixes.set(clusterArn, prefix);
  return prefix;
}

/**
 * The compact JSON of a statement (EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity").
 * Session tags name cluster, namespace and service account; a whole cluster is named by the source of the call.
 */
export function writeStatement(sid: string, { clusterArn, accountId, admission }: OwnStatement): string {
  const condition =
    admission === 'cluster'
      ? `"StringEquals":{"aws:SourceAccount":"${accountId}"},"ArnEquals":{"aws:SourceArn":"${clusterArn}"}`
      : `"StringEquals":{"aws:SourceAccount":"${accountId}","aws:RequestTag/eks-cluster-arn":"${clusterArn}",` +
        `"aws:RequestTag/kubernetes-namespace":${writeNames(admission.namespaces)},` +
        `"aws:RequestTag/kubernetes-service-account":${writeNames(admission.names)}}`;
  return (
    `{"Sid":"${sid}","Effect":"Allow","Principal":{"Service":"${POD_IDENTITY_SERVICE}"},` +
    `"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{${condition}}}`
  );
}

/** Names need no escaping: they were checked against Kubernetes' rules. */
function writeNames(names: readonly string[]): string {
  return names.length === 1 ? `"${names[0]}"` : `["${names.join('","')}"]`;
}

/**
 * Decodes a statement that podshift wrote, for any cluster: its Sid fits the cluster that its conditions name, and it says
 * exactly what {@link writeStatement} says, up to order, white space and lists of one. Undefined for anything else.
 */
export function readStatement(policy: TrustPolicy, statement: TrustStatement): OwnStatement | undefined {
  const sid = statement.sid;
  if (sid === undefined || statement.doubtful.size > 0 || statement.value.Effect !== 'Allow' || !/^Podshift[0-9a-f]{12}\d+$/.test(sid))
    return undefined;
  const own = readConditions(statement.value.Condition);
  if (own === undefined || !sid.startsWith(sidPrefix(own.clusterArn)) || readClusterArn(own.clusterArn)?.accountId !== own.accountId)
    return undefined;
  const written = writeStatement(sid, own);
  if (written === statementText(policy, statement)) return own;
  return canonical(statement.value) === canonical(JSON.parse(written)) ? own : undefined;
}

function readConditions(condition: unknown): OwnStatement | undefined {
  if (!isObject(condition) || !isObject(condition.StringEquals)) return undefined;
  const equals = condition.StringEquals;
  const accountId = equals['aws:SourceAccount'];
  const arnEquals = condition.ArnEquals;
  const clusterArn = isObject(arnEquals) ? arnEquals['aws:SourceArn'] : equals['aws:RequestTag/eks-cluster-arn'];
  if (typeof accountId !== 'string' || typeof clusterArn !== 'string') return undefined;
  if (isObject(arnEquals)) return { clusterArn, accountId, admission: 'cluster' };
  const namespaces = nameList(equals['aws:RequestTag/kubernetes-namespace'], isNamespace);
  const names = nameList(equals['aws:RequestTag/kubernetes-service-account'], isSubdomain);
  return namespaces === undefined || names === undefined ? undefined : { clusterArn, accountId, admission: { namespaces, names } };
}

function nameList(value: unknown, isName: (text: string) => boolean): string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((name) => typeof name === 'string' && isName(name)) ? (list as string[]) : undefined;
}

/** A text that is the same for what IAM reads as the same: order of keys and lists apart, a list of one like its element. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    const elements = [...new Set(value.map(canonical))].sort();
    return elements.length === 1 && elements[0]?.startsWith('"') === true ? elements[0] : `[${elements.join(',')}]`;
  }
  if (!isObject(value)) return JSON.stringify(value);
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join(',')}}`;
}
