import { CLUSTER_ROLES, clusterRolesOf } from './cluster-roles.ts';
import { ACTION_REASONS, COMMAND_LINE_ONLY, CUSTOM_RESOURCES, RESOURCE_REASONS } from './reasons.ts';

/** What one function needs: IAM actions, and verbs with resources (`patch deployments.apps`). */
export interface Needed {
  readonly aws: ReadonlySet<string>;
  readonly kubernetes: ReadonlySet<string>;
}

/** What the page is made of: what each function needs, and which of podshift's commands or parts use the function. */
export interface PageFacts {
  readonly functions: ReadonlyMap<string, Needed>;
  uses(key: string): readonly string[];
}

/** In the order of the page. */
const USES = ['plan', 'run', 'rollback', 'fleet', 'API', 'events'];

/** docs/permissions.md. */
export function permissionsPage(facts: PageFacts): string {
  return `# Permissions

What podshift calls, so that you can grant it and no more. This page is made of what the functions were seen to ask for
(\`npm run permissions\`), and a test compares it with what is deployed. *For* tells who needs it: \`plan\` stands for everything
that only reads (\`scan\`, \`plan\`, \`run\` without \`--approve\`), \`run\` for what changes things, \`rollback\` for the rollback;
\`fleet\`, \`API\` and \`events\` are parts of the deployed service.

## AWS

${table(['action', 'for', 'limited to', 'why'], actionRows(facts))}

On one machine the journal is a folder, so nothing of \`dynamodb\`, \`states\`, \`events\`, \`s3\` and \`sqs\` is needed there. \`podshift doctor\` tries each
of these that a run there takes, and each verb below.

*Limited to* names the type of resource that the action can be limited to (Service Authorization Reference); the others know
none, so they are granted on \`*\`. Each function of the service has a role of its own with the actions of the last table below
([\`infra/permissions.yml\`](../infra/permissions.yml) limits them), and what Lambda itself needs: to write its log and traces, and
in a VPC to have network interfaces. In a member account all but the journal and the state machines is done by the role of
[\`infra/member-account.yml\`](../infra/member-account.yml). The bearer token for a cluster is a signed \`sts:GetCallerIdentity\`,
which IAM grants to everyone.

A migration never calls \`iam:CreateRole\`, \`iam:DeleteRole\`, \`iam:AttachRolePolicy\` or \`iam:PutRolePolicy\`: what a role may do
stays as it is. It changes who may assume it, by one statement of its own. \`addon permissions --create-role --approve\` alone
makes roles, with the policies that EKS recommends.

## Kubernetes

podshift signs in with an IAM principal: the cluster needs an access entry for it (or a row of the \`aws-auth\` ConfigMap).
[\`infra/cluster-access\`](../infra/cluster-access/) has a ClusterRole for each use, with exactly the verbs below, bound to the group
\`podshift\`. Apply those that the cluster needs:

| file | for | bound to |
| --- | --- | --- |
| \`reading.yaml\` | every plan; a second ClusterRole lists custom resources | \`podshift\`, \`podshift-readers\` |
| \`migrating.yaml\` | runs and their rollback | \`podshift\` |
| \`splitting.yaml\` | clusters where several roles share a service account under kube2iam or kiam | \`podshift\` |
| \`retiring.yaml\` | the retirement of kube2iam or kiam; delete it afterwards | \`podshift\` |
| \`admission-policy.yaml\` | every cluster from Kubernetes 1.30 on, beside \`migrating.yaml\`: which pods and which fields these verbs reach ([security.md](security.md)) |  |

\`\`\`
kubectl apply -f infra/cluster-access/reading.yaml -f infra/cluster-access/migrating.yaml -f infra/cluster-access/admission-policy.yaml
aws eks create-access-entry --cluster-name NAME --principal-arn ARN --kubernetes-groups podshift
\`\`\`

The deployed service comes as two principals: the functions that change nothing as the output \`ClusterReadingRoleArn\` (in a member
account \`MemberReadingRoleArn\`) with the group \`podshift-readers\`, the others as \`ClusterAccessRoleArn\` (\`MemberRoleArn\`) with
the group \`podshift\`.

${table(['resource', 'API group', ...CLUSTER_ROLES, 'why'], resourceRows(facts))}

None of them allows to bind a role, or has a verb on Secrets. A service account that is split off joins the bindings of the old one, and
Kubernetes lets a subject be added only by who has all that the role allows, or may \`bind\` that very role: \`splitting.yaml\` has the
rule for it, with the roles' names, for you to fill in. Without it such a unit is blocked, and its reason names the role. Kinds that a
cluster does not serve are skipped.

## The pods that podshift makes

Injection is proved by pods that are created with \`dryRun=All\`: admission runs, nothing is kept. Credentials are proved by one
short-lived probe pod for each service account, with the image of \`--probe-image\` (default: the AWS CLI's public image), the
restricted security profile, and no other right than the service account's own. It asks STS who it is, and is deleted. A
retirement makes one short-lived pod on each node that takes the daemon's rule away and proves it gone.

## Functions

What each function of the service needs, beside its log and traces.

${table(['function', 'AWS', 'Kubernetes'], functionRows(facts))}
`;
}

function actionRows({ functions, uses }: PageFacts): string[][] {
  const rows = Object.entries(ACTION_REASONS).map(([action, { why, resource = '' }]) => {
    const keys = [...functions].filter(([, { aws }]) => aws.has(action)).map(([key]) => key);
    return [`\`${action}\``, usedFor(keys.flatMap(uses)), resource, why];
  });
  return [...rows, ...COMMAND_LINE_ONLY.map(({ action, used, resource, why }) => [`\`${action}\``, used, resource, why])];
}

function resourceRows({ functions }: PageFacts): string[][] {
  const roles = clusterRolesOf(functions);
  return Object.entries(RESOURCE_REASONS).map(([resource, why]) => {
    const [plural = '', ...group] = resource.split('.');
    const verbs = CLUSTER_ROLES.map((name) =>
      [...(roles.get(name) ?? [])]
        .flatMap((asked) => (asked.split(' ')[1] === resource ? [asked.split(' ')[0] ?? ''] : []))
        .sort((a, b) => VERBS.indexOf(a) - VERBS.indexOf(b))
        .join(', '),
    );
    const groups = resource === CUSTOM_RESOURCES ? 'custom resources' : group.join('.');
    return [`\`${plural}\``, groups === '' ? 'core' : groups, ...verbs, why];
  });
}

const VERBS = ['get', 'list', 'create', 'patch', 'delete'];

function functionRows({ functions }: PageFacts): string[][] {
  return [...functions].map(([key, { aws, kubernetes }]) => [`\`${key}\``, grouped(aws), verbsByResource(kubernetes)]);
}

/** `dynamodb: GetItem, Query; eks: DescribeCluster`. */
function grouped(actions: ReadonlySet<string>): string {
  const services = Map.groupBy([...actions].sort(), (action) => action.split(':')[0] ?? '');
  return [...services].map(([service, found]) => `${service}: ${found.map((action) => action.split(':')[1]).join(', ')}`).join('; ');
}

/** `get, list pods; patch deployments.apps`. */
function verbsByResource(asked: ReadonlySet<string>): string {
  const resources = Map.groupBy([...asked].sort(), (one) => one.split(' ')[1] ?? '');
  return [...resources]
    .sort(([a], [b]) => Number(a > b) - Number(a < b))
    .map(([resource, found]) => `${found.map((one) => one.split(' ')[0]).join(', ')} ${resource}`)
    .join('; ');
}

function usedFor(uses: readonly string[]): string {
  return USES.filter((use) => uses.includes(use)).join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
