import {
  type ContextEntry,
  type EvaluationResult,
  GetRoleCommand,
  type IAMClient,
  paginateSimulatePrincipalPolicy,
} from '@aws-sdk/client-iam';
import pLimit from 'p-limit';
import { awsCall } from '../../src/aws/errors.ts';
import { isPodshiftError } from '../../src/model/errors.ts';
import { missing, type Outcome, ok, unknown, within } from './attempt.ts';
import type { ActionNeed } from './needs.ts';

/** What the writes of a run would be about. */
export interface WriteFacts {
  /** ARN of the cluster. */
  readonly cluster: string;
  readonly clusterTags: Readonly<Record<string, string>>;
  /** ARNs of roles whose trust policies a run may change: those that service accounts name. */
  readonly roles: readonly string[];
}

/** Simulations under way at a time. */
const CONCURRENCY = 4;

/** Roles that are asked about at most: policies limit them by name or tag, so that a few tell. */
const ROLES = 5;

const DOCTOR = 'doctor';

/**
 * Whether each action would be allowed to who asks, by IAM's simulator: nothing is done. It reads identity policies, boundaries and the
 * organization's policies; session policies it does not see.
 *
 * @param identity ARN that GetCallerIdentity gave
 */
export async function simulateWrites(
  iam: IAMClient,
  identity: string,
  needs: readonly ActionNeed[],
  facts: WriteFacts,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Outcome>> {
  const all = (outcome: Outcome): Map<string, Outcome> => new Map(needs.map(({ action }) => [action, outcome]));
  const source = await sourceOf(iam, identity);
  if (source === undefined) {
    return all(unknown(`${identity} is no user and no role: IAM's simulator does not take it, so this is only known once it is tried`));
  }
  const limit = pLimit(CONCURRENCY);
  try {
    const found = await Promise.all(
      needs.map((need) =>
        limit(async () => [need.action, judge(need.action, await within(simulate(iam, source, need, facts), signal))] as const),
      ),
    );
    return new Map(found);
  } catch (error) {
    if (!isPodshiftError(error)) throw error;
    const remedy =
      error.name === 'AccessDenied'
        ? 'Allow iam:SimulatePrincipalPolicy on this principal to whoever runs doctor; a run itself does not need it.'
        : error.remedy;
    return all(unknown(`only IAM's simulator could tell without doing it: ${error.message}`, remedy));
  }
}

/** The principal that the simulator takes: of a session its role, with its path where that may be read. Undefined for root and federated users. */
async function sourceOf(iam: IAMClient, identity: string): Promise<string | undefined> {
  const [, partition = 'aws', service, , account = '', resource = ''] = identity.split(':');
  const [kind, name = ''] = resource.split('/');
  if (service === 'iam' && kind === 'user') return identity;
  if (kind !== 'assumed-role') return undefined;
  const answer = await iam.send(new GetRoleCommand({ RoleName: name })).catch(() => undefined);
  return answer?.Role?.Arn ?? `arn:${partition}:iam::${account}:role/${name}`;
}

async function simulate(iam: IAMClient, source: string, { action, resources }: ActionNeed, facts: WriteFacts): Promise<EvaluationResult[]> {
  const asked = resources.length === 0 ? ['*'] : resources.flatMap((type) => arnsOf(type, facts));
  const results: EvaluationResult[] = [];
  // One resource a call: each is asked about with the context that it has.
  for (const resource of asked) {
    const request = { PolicySourceArn: source, ActionNames: [action], ResourceArns: [resource], ContextEntries: contextOf(action, facts) };
    await awsCall({ service: 'iam', operation: 'SimulatePrincipalPolicy' }, async () => {
      for await (const page of paginateSimulatePrincipalPolicy({ client: iam }, request)) results.push(...(page.EvaluationResults ?? []));
    });
  }
  return results;
}

/** ARNs of the type that a run would work on (Service Authorization Reference, "Resource types defined by Amazon EKS"). */
function arnsOf(type: string, { cluster, roles }: WriteFacts): string[] {
  const [, partition = 'aws', , region = '', account = '', resource = ''] = cluster.split(':');
  const eks = (name: string): string => `arn:${partition}:eks:${region}:${account}:${name}/${resource.split('/')[1] ?? ''}`;
  switch (type) {
    case 'cluster':
      return [cluster];
    case 'podidentityassociation':
      return [`${eks(type)}/a-00000000000000000`];
    case 'addon':
      return [`${eks(type)}/eks-pod-identity-agent/00000000-0000-4000-8000-000000000000`];
    case 'role':
      return roles.length === 0 ? [`arn:${partition}:iam::${account}:role/*`] : roles.slice(0, ROLES);
    default:
      return ['*'];
  }
}

/** The keys that conditions on podshift's rights ask about, as a run would send them. */
function contextOf(action: string, { clusterTags }: WriteFacts): ContextEntry[] {
  const entry = (ContextKeyName: string, value: string, ContextKeyType: 'string' | 'stringList' = 'string'): ContextEntry => ({
    ContextKeyName,
    ContextKeyValues: [value],
    ContextKeyType,
  });
  const tags = action.startsWith('eks:') ? Object.entries(clusterTags).map(([key, value]) => entry(`aws:ResourceTag/${key}`, value)) : [];
  if (action === 'iam:PassRole') return [entry('iam:PassedToService', 'pods.eks.amazonaws.com')];
  if (!action.startsWith('eks:')) return tags;
  return [
    ...tags,
    entry('aws:ResourceTag/podshift/run', DOCTOR),
    entry('aws:RequestTag/podshift/run', DOCTOR),
    entry('aws:TagKeys', 'podshift/run', 'stringList'),
  ];
}

function judge(action: string, results: readonly EvaluationResult[]): Outcome {
  const denied = results.find(({ EvalDecision }) => EvalDecision !== 'allowed');
  if (results.length === 0) return unknown("IAM's simulator said nothing of it");
  if (denied === undefined) return ok("allowed, by IAM's simulator");
  const { EvalDecision, EvalResourceName: resource = '*', MissingContextValues: keys = [] } = denied;
  if (EvalDecision === 'implicitDeny' && keys.length > 0)
    return unknown(`on ${resource} it depends on ${keys.join(', ')}, which only a real call has`);
  const why = limitOf(denied) ?? (EvalDecision === 'explicitDeny' ? 'a policy denies it' : 'no policy allows it');
  return missing(`not allowed on ${resource}: ${why}`, `Allow ${action} on it: docs/permissions.md has what podshift needs, and why.`);
}

/** Whether something above the principal's own policies is in the way. */
function limitOf({ OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail }: EvaluationResult): string | undefined {
  if (OrganizationsDecisionDetail?.AllowedByOrganizations === false) return 'a policy of the organization (SCP) does not allow it';
  if (PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary === false) return 'the permissions boundary does not allow it';
  return undefined;
}
