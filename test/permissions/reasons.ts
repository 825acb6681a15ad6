/** Why podshift takes an action; a new one wants a line here. `resource` is what it can be limited to, where it knows any. */
export const ACTION_REASONS: Readonly<Record<string, { readonly why: string; readonly resource?: string }>> = {
  'eks:ListClusters': { why: 'the clusters of an account and region' },
  'eks:DescribeCluster': { why: 'endpoint, certificate, OIDC issuer, version', resource: 'cluster' },
  'eks:ListPodIdentityAssociations': { why: 'which service accounts are associated already', resource: 'cluster' },
  'eks:DescribePodIdentityAssociation': { why: 'with which role', resource: 'podidentityassociation' },
  'eks:CreatePodIdentityAssociation': { why: 'the new way', resource: 'cluster' },
  'eks:DeletePodIdentityAssociation': {
    why: 'the rollback, also of a unit that fails in a run; those alone that carry the tag `podshift/run`',
    resource: 'podidentityassociation',
  },
  'eks:ListAddons': { why: 'which add-ons own service accounts', resource: 'cluster' },
  'eks:DescribeAddon': { why: 'their roles; the state of the agent', resource: 'addon' },
  'eks:DescribeAddonVersions': {
    why: "the agent's default version for the cluster's Kubernetes version; the version of an add-on that supports Pod Identity",
  },
  'eks:DescribeAddonConfiguration': { why: "whether an add-on's version supports Pod Identity, and for which service accounts" },
  'eks:CreateAddon': { why: 'the agent, where it is missing (not with `--no-install-agent`)', resource: 'cluster' },
  'eks:UpdateAddon': {
    why: "the new way of an add-on's service accounts, and the old one back",
    resource: 'addon, podidentityassociation',
  },
  'eks:DeleteAddon': { why: 'the agent, where this run installed it; it carries the tag `podshift/run`', resource: 'addon' },
  'eks:DescribeUpdate': { why: "whether an add-on's update has ended", resource: 'cluster, addon' },
  'eks:ListFargateProfiles': { why: 'which pods run on Fargate, where Pod Identity does not work', resource: 'cluster' },
  'eks:DescribeFargateProfile': { why: "the profiles' selectors", resource: 'fargateprofile' },
  'eks:ListAccessEntries': {
    why: "which roles are the nodes'; may be withheld: then the roles with the mark of a node are taken",
    resource: 'cluster',
  },
  'eks:ListNodegroups': {
    why: 'which nodes have a role that does not let the agent in, where some role does not; may be withheld',
    resource: 'cluster',
  },
  'eks:DescribeNodegroup': { why: 'the same', resource: 'nodegroup' },
  'eks:TagResource': {
    why: 'associations and the agent add-on carry the run that made them',
    resource: 'podidentityassociation, addon',
  },
  'iam:GetAccountAuthorizationDetails': {
    why: "the roles' trust policies and tags, a thousand roles a call; may be withheld: then `iam:ListRoles` is used, and one `iam:GetRole` for each role in use",
  },
  'iam:ListRoles': { why: 'see there' },
  'iam:GetRole': { why: "a role's tags; its trust policy right before and after a write", resource: 'role' },
  'iam:UpdateAssumeRolePolicy': { why: 'the trust statement', resource: 'role' },
  'iam:GetAccountSummary': {
    why: "the account's quota of trust policy length; may be withheld: then IAM's default of 2,048 characters is taken",
  },
  'iam:ListOpenIDConnectProviders': { why: "whether the cluster's issuer is registered; may be withheld" },
  'iam:PassRole': {
    why: 'EKS asks it of whoever gives a role to a service account or an add-on; condition: `iam:PassedToService` is `pods.eks.amazonaws.com`, or `eks.amazonaws.com` for the role that an add-on had before',
    resource: 'role',
  },
  'cloudtrail:LookupEvents': { why: 'SDKs that are too old; may be withheld from `plan`; proof of use' },
  'sts:AssumeRole': {
    why: "the role of a member account (`--role-arn`); in the service also the one that the account's own clusters know",
    resource: 'role',
  },
  'dynamodb:GetItem': { why: 'the journal', resource: 'table' },
  'dynamodb:PutItem': { why: 'the journal', resource: 'table' },
  'dynamodb:UpdateItem': { why: 'the journal', resource: 'table' },
  'dynamodb:DeleteItem': {
    why: 'locks and leases that are let go of, task tokens that are used up, parts of documents',
    resource: 'table',
  },
  'dynamodb:Query': { why: 'the journal', resource: 'table' },
  'dynamodb:DescribeStream': { why: "Lambda reads the journal's stream as the function", resource: 'stream' },
  'dynamodb:GetRecords': { why: 'the same', resource: 'stream' },
  'dynamodb:GetShardIterator': { why: 'the same', resource: 'stream' },
  'dynamodb:ListStreams': { why: 'the same' },
  'sqs:SendMessage': { why: 'Lambda puts what the function could not publish with the dead letters', resource: 'queue' },
  'events:PutEvents': { why: 'what changed in the journal', resource: 'event-bus' },
  's3:PutObject': { why: 'the page of a run, when it ends, or when it is asked for and not there', resource: 'object' },
  's3:GetObject': { why: 'whether a page is there, and links to it, which are signed as the function', resource: 'object' },
  'states:StartExecution': { why: 'runs and their rollback', resource: 'stateMachine' },
  'states:DescribeExecution': { why: 'how a run stands, and what failed it', resource: 'execution' },
  'states:StopExecution': { why: 'a run that rolls back before it has ended', resource: 'execution' },
  'states:SendTaskSuccess': { why: 'an approval, to the plan that waits for it', resource: 'stateMachine' },
  'states:SendTaskFailure': { why: 'a refusal', resource: 'stateMachine' },
};

/** What only the command line does. */
export const COMMAND_LINE_ONLY: readonly {
  readonly action: string;
  readonly used: string;
  readonly resource: string;
  readonly why: string;
}[] = [
  {
    action: 'execute-api:Invoke',
    used: '`--service`',
    resource: 'execute-api',
    why: 'each request to the deployed service; a route can be granted by itself',
  },
  {
    action: 'scheduler:CreateSchedule',
    used: 'schedule',
    resource: 'schedule',
    why: 'with `--approve`; so does `iam:PassRole` on the role `podshift-schedules-STAGE-REGION`',
  },
  { action: 'scheduler:ListSchedules', used: 'schedule', resource: '', why: 'those that there are' },
  { action: 'scheduler:GetSchedule', used: 'schedule', resource: 'schedule', why: 'what one of them starts' },
  { action: 'scheduler:DeleteSchedule', used: 'schedule', resource: 'schedule', why: 'with `--approve`' },
  { action: 'iam:CreateRole', used: 'addon', resource: 'role', why: 'the role of a new add-on, with `--create-role --approve` only' },
  { action: 'iam:AttachRolePolicy', used: 'addon', resource: 'role', why: 'the policies that EKS recommends for it' },
  {
    action: 'iam:SimulatePrincipalPolicy',
    used: 'doctor',
    resource: 'group, role, user',
    why: 'whether actions that write would be allowed, without doing them; where it is withheld, doctor calls them unknown',
  },
];

/** Actions that no request of podshift names, with the functions that need them all the same. */
export const WITHOUT_REQUEST: readonly {
  readonly action: string;
  readonly why: string;
  needs(asked: ReadonlySet<string>, key: string): boolean;
}[] = [
  {
    action: 'iam:PassRole',
    why: 'EKS asks IAM for it when a role is associated, or given to an add-on',
    needs: (asked) => asked.has('eks:CreatePodIdentityAssociation') || asked.has('eks:UpdateAddon'),
  },
  {
    action: 'eks:TagResource',
    why: 'asked for with a creation that carries tags',
    needs: (asked) => asked.has('eks:CreatePodIdentityAssociation') || asked.has('eks:CreateAddon'),
  },
  {
    action: 'sts:AssumeRole',
    why: 'whatever reaches a cluster or its account does so by a role where the cluster is in another account, and signs in to clusters of the own one by a role',
    needs: (asked) => [...asked].some((action) => /^(eks|iam|cloudtrail):/.test(action)),
  },
  ...['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map((name) => ({
    action: `dynamodb:${name}`,
    why: 'Lambda reads the stream as the function (Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB")',
    needs: (_asked: ReadonlySet<string>, key: string) => key === 'publishEvents',
  })),
  {
    action: 'sqs:SendMessage',
    why: 'Lambda sends to the on-failure destination as the function',
    needs: (_asked, key) => key === 'publishEvents',
  },
];

/** Calls that the code of a function can reach, but that it never makes. */
export const NEVER_MADE: readonly { readonly key: string; readonly call: string; readonly why: string }[] = [
  ...['splitServiceAccount', 'associate'].map((key) => ({
    key,
    call: 'journal.listUnits',
    why: 'a unit of an add-on is moved by UpdateAddon, and never comes here',
  })),
  {
    key: 'openRetirement',
    call: 'kubernetes.list pods',
    why: 'pods of a few chosen service accounts are listed by themselves, and a retirement looks at the whole cluster',
  },
  { key: 'discoverClusters', call: 'journal.addCalls', why: 'requests are counted for the run that the input names, and this names none' },
];

/** Calls that a function (any, where none is named) makes only in trouble that no scenario brings about: a race, an outage, other hands at work. */
export const ONLY_IN_TROUBLE: readonly { readonly call: string; readonly key?: string; readonly why: string }[] = [
  {
    call: 'journal.updateUnit',
    why: 'a service was away, or a write came after its rollback: told of a unit, which most inputs do not name',
  },
  {
    call: 'journal.noteUnit',
    why: 'the end of a pause is noted, where a service was away in a step that another function began',
  },
  { call: 'journal.endTry', why: 'a write that finds that its run is rolled back ends its try' },
  { call: 'journal.getUnit', why: 'a write that ended asks whether its unit still goes forward, where it has one' },
  { call: 'journal.updateRun', why: 'a write that came after its rollback makes the run need an operator' },
  { call: 'journal.extendLock', why: 'the lock of a run that is taken up again' },
  { call: 'journal.claimRollback', why: 'a failed execution whose run is open' },
  { call: 'journal.markUndone', why: 'what the last look finds gone is put back' },
  { call: 'journal.listEntries', why: 'the same' },
  { call: 'journal.getDocument', why: 'the parts of a record of a unit that was split' },
  { call: 'journal.getRole', why: 'a trust policy that another writer lost is put back' },
  { call: 'journal.updateRole', why: 'the same' },
  { call: 'journal.acquireLease', why: 'the same' },
  { call: 'journal.releaseLease', why: 'the same' },
  { call: 'iam.updateAssumeRolePolicy', why: 'the same' },
  { call: 'executions.start', why: 'a rollback that nobody carries out' },
  { call: 'kubernetes.get nodes', why: 'a pod without an agent on its node: a node that nothing has to serve needs none' },
  { call: 'kubernetes.get', why: 'the workload of a template that somebody put back' },
  {
    key: 'removeAnnotations',
    call: 'journal.addEvidence',
    why: 'pods that end by themselves are on the old way still: the annotation stays for them',
  },
  ...['removeAnnotations', 'checkRenewal', 'undoUnits'].map((key) => ({
    key,
    call: 'journal.listUnits',
    why: 'a pod that missed the injection is evicted, within the limit of the run; units of an add-on look at each other',
  })),
];

/** The functions that renew the lock of their run, and take it again where it ran out and is free. */
const LOCK_HOLDERS = ['checkAgent', 'nextStep', 'rolesToRetire', 'openUnits', 'checkAddon', 'checkTogether', 'finishUnits', 'removeAgent'];
const TAKES_LOCK_AGAIN = 'the lock of the run ran out, and is free';
const ENDS_ITS_FUNCTION = 'a call for one alone did not end, either';
const PUTS_TRUST_BACK = 'another writer lost a trust policy, which is put back';

/** Actions that a function takes only where two invocations of it meet, or other hands are at work, which no scenario brings about. */
export const TAKEN_IN_RACES: readonly { readonly key: string; readonly action: string; readonly why: string }[] = [
  { key: 'makePlan', action: 'dynamodb:DeleteItem', why: 'the later plan takes the place of the other one, whose parts go' },
  { key: 'openRetirement', action: 'dynamodb:DeleteItem', why: 'the same of the record of a retirement' },
  ...LOCK_HOLDERS.map((key) => ({ key, action: 'dynamodb:PutItem', why: TAKES_LOCK_AGAIN })),
  { key: 'rolesToRetire', action: 'dynamodb:UpdateItem', why: 'the lock of the run is renewed' },
  { key: 'apiRollBackRun', action: 'dynamodb:UpdateItem', why: "the lock is its own run's already" },
  { key: 'confirmUse', action: 'dynamodb:DeleteItem', why: PUTS_TRUST_BACK },
  { key: 'confirmUse', action: 'iam:UpdateAssumeRolePolicy', why: PUTS_TRUST_BACK },
  { key: 'claimExecution', action: 'dynamodb:PutItem', why: 'the run of a failed execution is open still, and the event is the first' },
  ...['dynamodb:GetItem', 'dynamodb:UpdateItem'].map((action) => ({ key: 'isolateUnits', action, why: ENDS_ITS_FUNCTION })),
  { key: 'isolateRoles', action: 'dynamodb:UpdateItem', why: ENDS_ITS_FUNCTION },
  { key: 'watchRuns', action: 'states:StartExecution', why: 'an execution ended and nobody rolls its run back' },
];

/** Actions that a call of the journal can take in other functions, but not in this one. */
export const NEVER_TAKEN: readonly { readonly key: string; readonly action: string; readonly why: string }[] = [
  {
    key: 'judgeWave',
    action: 'dynamodb:PutItem',
    why: 'updateRun puts into the list of runs when a run ends or goes on; this notes a reason',
  },
];

/** What stands for every kind of custom resource: they are read as the cluster's discovery names them. */
export const CUSTOM_RESOURCES = '*.custom-resources';

/**
 * Groups that EKS, its add-ons and AWS' controllers bring to a cluster, and where their kinds are defined. Few name a service account;
 * a group that podshift may not list is a warning in each plan (PS518), so those that an ordinary cluster has are in the ClusterRole.
 */
export const GROUPS_OF_AWS: Readonly<Record<string, string>> = {
  'aga.k8s.aws': 'kubernetes-sigs/aws-load-balancer-controller, config/crd/aga',
  'cloudwatch.aws.amazon.com': 'aws/amazon-cloudwatch-agent-operator, config/crd/bases',
  'crd.k8s.amazonaws.com': 'aws/amazon-vpc-cni-k8s, charts/aws-vpc-cni/crds',
  'eks.amazonaws.com': 'https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html; aws/eks-node-monitoring-agent, api/crds',
  'elbv2.k8s.aws': 'kubernetes-sigs/aws-load-balancer-controller, config/crd/bases',
  'gateway.k8s.aws': 'kubernetes-sigs/aws-load-balancer-controller, config/crd/gateway',
  'gateway.networking.k8s.io': 'kubernetes-sigs/aws-load-balancer-controller, config/crd/gateway/upstream',
  'groupsnapshot.storage.k8s.io': 'kubernetes-csi/external-snapshotter, client/config/crd',
  'karpenter.k8s.aws': 'aws/karpenter-provider-aws, pkg/apis/crds',
  'karpenter.sh': 'aws/karpenter-provider-aws, pkg/apis/crds',
  'snapshot.storage.k8s.io': 'kubernetes-csi/external-snapshotter, client/config/crd',
};

/** Why podshift uses a resource of the cluster; a new one wants a line here. */
export const RESOURCE_REASONS: Readonly<Record<string, string>> = {
  namespaces: 'whether the API server lets podshift in; what kube2iam and kiam permit in them',
  nodes: 'where the agent has to be ready; Windows, Fargate and hybrid nodes; where a daemon intercepts instance metadata',
  configmaps: 'credential variables that containers take from ConfigMaps; only names are kept. `aws-auth`',
  serviceaccounts:
    'the annotations; removed after proof, put back by rollback. Service accounts that are split off for pods of kube2iam and kiam, and their removal by rollback',
  pods: 'who runs as whom; dry-run pods, the probe pod and its removal; the pods that remove the rule of a retired daemon from the nodes, and a restart of its own pods in a rollback',
  'pods/eviction':
    'stand-alone ReplicaSets, pods that missed the injection; with `--allow-pod-deletion` OnDelete and partitioned sets, and those of custom resources',
  replicationcontrollers: 'owners of pods',
  'deployments.apps': 'the restart, as `kubectl rollout restart` does it; the kiam server, when it is retired',
  'statefulsets.apps': 'the restart',
  'daemonsets.apps': "the restart; the agent's own state; kube2iam and kiam, when they are retired",
  'replicasets.apps': 'owners of pods',
  'jobs.batch': 'pods that cannot be restarted',
  'cronjobs.batch': 'users of a role that do not run now; their templates, where kube2iam or kiam serve them',
  'rolebindings.rbac.authorization.k8s.io': 'a service account that is split off joins the bindings of the old one',
  'clusterrolebindings.rbac.authorization.k8s.io': 'the same',
  'ec2nodeclasses.karpenter.k8s.aws': "which role Karpenter's nodes have, where some role does not let the agent in",
  'poddisruptionbudgets.policy': 'budgets that forbid an eviction',
  'rollouts.argoproj.io': 'Argo Rollouts, where installed',
  'networkpolicies.networking.k8s.io': 'policies that cut pods off from the agent',
  [CUSTOM_RESOURCES]:
    'custom resources of the groups that the ClusterRole `podshift-custom-resources` names: who uses a service account without running as it ([consumers.md](consumers.md)), policies and meshes. Other groups are listed where that is allowed; what is not is named (PS518)',
};

/** Verbs that no request of a scenario names: what only trouble needs, on the way of a migration. */
export const VERBS_WITHOUT_REQUEST: readonly string[] = ['get nodes'];
