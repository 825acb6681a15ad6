/** How much a finding weighs: a blocker holds its unit, a warning stays in the report, info is for the record. */
export type Severity = 'blocker' | 'warning' | 'info';

/** One row of the finding table. */
export interface FindingRow {
  readonly severity: Severity;
  /** What it means, one sentence, for `docs/findings.md`. */
  readonly title: string;
  /** What to do about it; a finding can say it more exactly. */
  readonly remedy: string;
}

/**
 * The one table of findings. Codes are stable: PS1xx the service account and its role, PS2xx the trust policy,
 * PS3xx workloads and pods, PS4xx the platform, PS5xx owners and indirect users, PS6xx what was seen and left alone, and EKS add-ons,
 * PS7xx kube2iam and kiam, PS8xx what changed between two scans of a cluster,
 * PS90x what was not looked at, PS91x what a run does or saw beside its units.
 * `docs/findings.md` lists the same rows; a test keeps both in step.
 */
// biome-ignore format: a table, one row a line
export const FINDINGS = {
  // The service account and its role
  PS101: { severity: 'blocker', title: 'The role annotation is malformed', remedy: 'Correct or remove the annotation; nothing works through it today.' },
  PS102: { severity: 'blocker', title: 'The role is of another partition', remedy: "Name a role of the cluster's own partition in the annotation; nothing works through it today." },
  PS103: { severity: 'blocker', title: 'The role is of another account', remedy: "Create a role in the cluster's account, let it assume the other account's role, and associate it with that role as target; podshift does not do this yet." },
  PS104: { severity: 'blocker', title: 'The role does not exist', remedy: 'Create the role or remove the annotation; nothing works through it today.' },
  PS105: { severity: 'blocker', title: 'The role is a service-linked role', remedy: 'Give the service account a role of its own; AWS lets nobody change the trust policy of a service-linked role.' },
  PS106: { severity: 'blocker', title: 'The cluster has no OIDC issuer', remedy: 'Remove the annotation, or give the service account a Pod Identity association by hand; nothing works through IRSA today.' },
  PS107: { severity: 'blocker', title: "The cluster's OIDC issuer is not registered in IAM", remedy: 'Register the issuer as an IAM OIDC provider or remove the annotation; nothing works through it today.' },
  PS108: { severity: 'blocker', title: "The service account is a namespace's default one", remedy: 'Give the workloads that need the role a service account of their own: an association on the default one gives the role to every pod of the namespace that names none.' },
  PS109: { severity: 'blocker', title: 'An association with another role exists', remedy: 'Decide which role is meant, and change the annotation to the role of the association where it is that one: pods use the association, and lose its role when it is deleted. podshift changes neither of them.' },
  PS110: { severity: 'blocker', title: 'An association with a target role exists', remedy: 'Pods that started since it exists have the target role, not the annotated one. Where the target role is meant, prove it and remove the annotation; where it is not, change the association with aws eks update-pod-identity-association.' },
  PS111: { severity: 'blocker', title: 'The association passes no session tags, and the trust policy is scoped by them', remedy: 'Turn the session tags of the association on, or allow a trust statement for the whole cluster with --allow-cluster-scope.' },
  PS112: { severity: 'info', title: 'The service account is associated already', remedy: 'No action needed; podshift changes nothing for it.' },
  PS113: { severity: 'blocker', title: 'The association does not work: the trust policy admits nobody through it', remedy: 'The annotation is gone, so podshift does not know whether the role is still meant. Put the annotation back and plan again, or delete the association.' },
  PS114: { severity: 'warning', title: 'The role assumes other roles', remedy: 'Session tags are passed on: let each of those roles trust sts:TagSession for this role beside sts:AssumeRole, or the call fails.' },
  PS115: { severity: 'blocker', title: "The role's permissions depend on the session's name", remedy: 'Under Pod Identity EKS chooses the session name, and it changes with each pod. Rewrite the conditions, or keep the service account on IRSA.' },
  PS116: { severity: 'warning', title: 'The session tags take much of the packed policy size', remedy: 'Pod Identity uses about half of it; a further session policy or further tags may fail with PackedPolicyTooLarge. Shorten what the application adds.' },
  PS117: { severity: 'blocker', title: 'A role that it assumes takes no session tags', remedy: 'Let that role trust sts:TagSession for this role beside sts:AssumeRole (and allow sts:TagSession in this role where the other trusts its whole account), then plan again.' },
  PS118: { severity: 'info', title: 'Another tool left the migration half-way', remedy: 'The pods of these workloads still use the old mechanism. podshift goes on from there: it proves the credentials, restarts them, and removes the annotation. To exclude them, choose other service accounts with -n or --service-account.' },
  PS119: { severity: 'warning', title: 'An association of a service account without an annotation does not work', remedy: 'Add the statement for Pod Identity to the trust policy of its role (aws iam update-assume-role-policy). Where nobody needs the association: aws eks delete-pod-identity-association.' },
  // The trust policy
  PS201: { severity: 'blocker', title: 'The trust policy cannot be read', remedy: "Correct the trust policy so that it follows IAM's policy grammar, then plan again." },
  PS202: { severity: 'blocker', title: 'The trust policy does not admit the service account today', remedy: 'Correct the trust policy, or remove the annotation; nothing works through it today, so nothing may start to.' },
  PS203: { severity: 'blocker', title: 'Nobody can tell from the trust policy alone who may assume the role', remedy: 'Replace the condition that the message names by one on the subject and the audience, then plan again.' },
  PS204: { severity: 'blocker', title: 'A Deny statement of the trust policy may reach Pod Identity', remedy: 'Narrow the Deny so that it cannot match calls by pods.eks.amazonaws.com, then plan again.' },
  PS205: { severity: 'blocker', title: 'The trust policy uses NotPrincipal', remedy: 'Rewrite the statement with Principal, then plan again.' },
  PS206: { severity: 'blocker', title: 'The trust policy names a principal that was deleted', remedy: 'Remove the principal: IAM refuses every edit of the document while it is there.' },
  PS207: { severity: 'blocker', title: 'The trust policy would pass its size limit', remedy: 'Ask for a higher quota of role trust policy length, split the role, or allow a trust statement for the whole cluster with --allow-cluster-scope.' },
  PS208: { severity: 'warning', title: 'The trust statement admits every service account of the cluster', remedy: 'It was allowed with --allow-cluster-scope. Any service account of this cluster that someone associates with the role can use it; keep iam:PassRole on it narrow.' },
  PS209: { severity: 'info', title: 'The trust policy admits a wider pattern of service accounts', remedy: 'Each annotated service account that exists is admitted by its own name. A later one that matches the pattern needs its own association: plan again when it is there.' },
  PS210: { severity: 'warning', title: 'The trust policy admits Pod Identity without our scope already', remedy: 'podshift writes nothing. Narrow the existing statement to account, cluster, namespace and service account when all its users are known.' },
  PS211: { severity: 'info', title: 'The trust policy has an old version', remedy: 'podshift keeps the version as it is. Raise it yourself when no condition contains the text of a policy variable.' },
  PS212: { severity: 'blocker', title: 'A statement that podshift did not write carries its Sid', remedy: 'Rename the Sid of that statement, then plan again.' },
  PS213: { severity: 'warning', title: 'A trust policy admits a service account by Pod Identity that has no association', remedy: 'Create the association (aws eks create-pod-identity-association), or take the statement out of the trust policy (aws iam update-assume-role-policy).' },
  // Workloads and pods
  PS301: { severity: 'blocker', title: 'A container has a credential variable set by hand', remedy: 'Remove the variable from the pod template: every AWS SDK takes it ahead of Pod Identity, or the webhook skips the container because of it.' },
  PS302: { severity: 'blocker', title: 'A container gets a credential variable from a ConfigMap', remedy: 'Keep the key away from the container, or remove it from the ConfigMap where nothing else reads it: every AWS SDK takes it ahead of Pod Identity.' },
  PS303: { severity: 'blocker', title: 'A container mounts an AWS profile', remedy: 'Remove the mount on ~/.aws: most AWS SDKs take a profile ahead of Pod Identity.' },
  PS304: { severity: 'blocker', title: 'A container mounts a hand-made token for STS', remedy: "Let what uses the projected token use the SDK's default provider chain, then remove the token with the audience sts.amazonaws.com." },
  PS305: { severity: 'blocker', title: 'A container names the web-identity provider', remedy: "Let the application use the SDK's default provider chain: the named provider keeps it on IRSA." },
  PS306: { severity: 'blocker', title: 'A container depends on its session name', remedy: 'Remove AWS_ROLE_SESSION_NAME and what depends on it: under Pod Identity EKS chooses the session name.' },
  PS307: { severity: 'warning', title: 'A container takes its environment from a Secret', remedy: 'podshift reads no Secret. Make sure that it has no AWS_ variable; such a variable would outrank Pod Identity.' },
  PS308: { severity: 'blocker', title: 'Pods run on Fargate', remedy: 'Give the pods on Fargate a service account of their own: Pod Identity does not work there, and an association would take IRSA from them.' },
  PS309: { severity: 'blocker', title: 'Pods run on Windows', remedy: 'Give the pods on Windows a service account of their own: Pod Identity does not work there, and an association would take IRSA from them.' },
  PS310: { severity: 'blocker', title: 'A bare pod uses the service account', remedy: 'Put the pod under a Deployment or a Job, or delete it: no controller would recreate it after a restart.' },
  PS311: { severity: 'blocker', title: 'A controller that podshift does not know owns the pods', remedy: "Restart them by that controller's own means after you created the association by hand, or give them a service account of their own." },
  PS312: { severity: 'blocker', title: 'A controller that updates pods in place owns the pods', remedy: 'Its pods are not recreated by a changed annotation, so nothing would be injected. Set its update strategy to ReCreate and migrate it by hand.' },
  PS313: { severity: 'blocker', title: 'The workload is paused', remedy: 'Resume the roll-out, then plan again.' },
  PS314: { severity: 'blocker', title: 'The workload is updated only when its pods are deleted', remedy: 'Set its update strategy to RollingUpdate, or let podshift evict its pods one at a time with --allow-pod-deletion.' },
  PS315: { severity: 'blocker', title: 'A partition keeps part of the StatefulSet from being updated', remedy: 'Set the partition to 0, or let podshift evict its pods one at a time with --allow-pod-deletion.' },
  PS316: { severity: 'blocker', title: 'A PodDisruptionBudget forbids to evict the pods', remedy: 'Raise the replicas or loosen the budget, then plan again.' },
  PS317: { severity: 'blocker', title: 'A Job is running', remedy: 'Wait until the Job has ended, then plan again: its pods cannot be recreated.' },
  PS318: { severity: 'warning', title: 'A restart stops the old pods before it starts the new ones', remedy: 'Expect a downtime at the restart, or block such workloads with --hold-downtime.' },
  PS319: { severity: 'warning', title: 'The workload has one replica', remedy: 'Raise the replicas for the restart, or block such workloads with --hold-downtime.' },
  PS320: { severity: 'info', title: 'Nothing runs now, so nothing is restarted', remedy: "The probe proves the credentials. Look at the workload's next pods." },
  PS321: { severity: 'warning', title: 'podshift evicts the pods one at a time', remedy: 'Its controller recreates them, after the association exists.' },
  PS322: { severity: 'blocker', title: 'The workload keeps the webhook away from its pods', remedy: 'Give the workload a service account of its own, or take the label off: the webhook gives its pods no credentials, so none can be proved for them.' },
  PS323: { severity: 'info', title: 'No workload uses the service account', remedy: 'The probe proves the credentials. Where nobody needs the service account any more, remove it at its source.' },
  PS324: { severity: 'warning', title: 'Only Jobs use the service account', remedy: "A Job's pod that starts on a fresh node before the agent is ready there fails: let the Job retry (backoffLimit)." },
  PS325: { severity: 'blocker', title: 'The restart would be a downtime, and --hold-downtime is set', remedy: 'Raise the replicas, or plan again without --hold-downtime.' },
  PS326: { severity: 'blocker', title: 'A container sends its requests to the agent through a proxy', remedy: 'Add 169.254.170.23 and [fd00:ec2::23] to its NO_PROXY, then plan again.' },
  PS327: { severity: 'blocker', title: 'A network policy cuts the pods off from the agent', remedy: 'Allow egress to 169.254.170.23/32 on TCP port 80; under Cilium to the entity host.' },
  PS328: { severity: 'blocker', title: 'An AWS SDK of the workload is too old for Pod Identity', remedy: 'Update the SDK to the version that the message names, roll it out, then plan again.' },
  PS329: { severity: 'blocker', title: 'An image is older than the first version that works with Pod Identity', remedy: 'Update the image to the version that the message names, roll it out, then plan again.' },
  PS330: { severity: 'warning', title: 'An image was reported to fail with Pod Identity', remedy: 'Read the report that the message names. Move one replica or a test namespace first, and watch that application after its restart.' },
  PS331: { severity: 'info', title: 'The version of an image is not known', remedy: 'Compare the version in the image with the one that the message names.' },
  PS332: { severity: 'info', title: 'An image was reported to fail with Pod Identity at some time or in some use', remedy: 'Read the report that the message names, and see whether your version and your use are the ones it is about.' },
  PS333: { severity: 'info', title: 'Pods that end by themselves use the service account', remedy: 'Those that run now may end on the old mechanism: the annotation goes only when the last of them has ended. Where one still runs after the soak it stays; remove it then with "kubectl annotate serviceaccount -n NAMESPACE NAME eks.amazonaws.com/role-arn-".' },
  PS334: { severity: 'blocker', title: "A pod template has a volume of the webhook's name", remedy: 'Rename the volume or the mount eks-pod-identity-token in the pod template: the webhook adds its own only where there is none of that name, so the container would get the variables and no token.' },
  PS335: { severity: 'blocker', title: 'A pod template mounts something where the webhook puts its token', remedy: 'Move the mount: at the directory of the token the API server refuses the pod, and at its file the token is hidden.' },
  PS336: { severity: 'blocker', title: 'The skip-containers annotation names every container', remedy: 'Take the containers that use AWS off the annotation, or give the workload a service account of its own: the webhook skips its pods, so no credentials can be proved for them.' },
  PS337: { severity: 'blocker', title: 'A container has no token for IRSA', remedy: 'Nothing works by IRSA today, so nothing may begin to work by a migration. Rename the volume aws-iam-token, or move the mount, in the pod template, see that it works, then plan again.' },
  PS340: { severity: 'blocker', title: 'The proxy in the pods drops calls to the agent', remedy: 'Let calls to 169.254.170.23 on port 80 pass the proxy by, then plan again: the probe has no proxy, so its proof would say nothing of these pods.' },
  PS341: { severity: 'warning', title: 'It is not known whether the proxy in the pods passes calls to the agent', remedy: 'Except 169.254.170.23 from the proxy, or try it: the probe has no proxy, so its proof says nothing of these pods.' },
  PS342: { severity: 'warning', title: "An egress gateway policy takes the pods' calls to the agent's address", remedy: "Add 169.254.170.23/32 to its excludedCIDRs. Cilium passes calls to the own node by such a policy as long as it takes the agent's address for the node's." },
  PS343: { severity: 'warning', title: 'Pods have a role that their service account no longer names', remedy: 'Where the role is still meant, put the annotation back before they restart (kubectl annotate serviceaccount); else restart them (kubectl rollout restart).' },
  // The platform
  PS401: { severity: 'blocker', title: 'The Pod Identity agent is missing', remedy: 'Install the add-on eks-pod-identity-agent, or let podshift do it: run without --no-install-agent.' },
  PS402: { severity: 'info', title: 'The Pod Identity agent will be installed', remedy: 'The add-on eks-pod-identity-agent is created in its default version before the first unit migrates.' },
  PS403: { severity: 'warning', title: 'The Pod Identity agent is not ready everywhere', remedy: "The run waits for it before it changes anything. Look at the DaemonSet's pods if it does not become ready." },
  PS404: { severity: 'blocker', title: 'The Pod Identity agent add-on has failed', remedy: 'Fix the add-on eks-pod-identity-agent, then plan again: aws eks describe-addon --addon-name eks-pod-identity-agent shows what is wrong with it. Pods that are on Pod Identity already need its agent.' },
  PS405: { severity: 'blocker', title: 'The cluster runs on Outposts', remedy: 'Pod Identity does not work on local clusters; the service accounts stay on IRSA.' },
  PS406: { severity: 'blocker', title: "The cluster's version is too old for Pod Identity", remedy: 'Update the cluster, then plan again.' },
  PS407: { severity: 'blocker', title: 'Pods run on hybrid nodes without the agent', remedy: 'Set the configuration values {"daemonsets":{"hybrid":{"create":true}}} of the agent add-on (hybrid-bottlerocket on Bottlerocket) and enableCredentialsFile in the nodeadm configuration of the nodes, or give those pods a service account of their own.' },
  PS408: { severity: 'warning', title: "The cluster's endpoint is private", remedy: 'Nodes without a way to the internet need the interface endpoint that the message names, or the agent cannot fetch credentials.' },
  PS409: { severity: 'blocker', title: 'A node role of the pods does not let the agent fetch credentials', remedy: 'Attach AmazonEKSWorkerNodePolicy to it, or allow eks-auth:AssumeRoleForPodIdentity, then plan again.' },
  PS410: { severity: 'warning', title: 'Security groups for pods are enforced strictly', remedy: 'Set POD_SECURITY_GROUP_ENFORCING_MODE to standard in the VPC CNI: pods with a security group of their own cannot reach the agent otherwise.' },
  PS411: { severity: 'warning', title: 'A workload takes port 80 of its nodes', remedy: 'The agent listens on port 80 of its own link-local address. Bind the workload to the address that it needs instead of all.' },
  PS412: { severity: 'blocker', title: 'The cluster would pass its quota of associations', remedy: 'A cluster takes 5,000 associations. Delete those that nobody needs, or migrate fewer service accounts.' },
  PS413: { severity: 'warning', title: 'Another controller manages associations or annotations', remedy: 'Configure it for Pod Identity, or exclude these service accounts from it: it may revert what podshift changes.' },
  PS414: { severity: 'blocker', title: 'The agent listens on another address than pods ask', remedy: 'Let the agent listen on both of its addresses: take -b out of the additionalArgs of its configuration values, then plan again.' },
  PS415: { severity: 'warning', title: 'The agent ends again and again on a node', remedy: "Look at the log of its pod: IPv6 that is off, a taken port 80, or missing credentials of a hybrid node keep it from starting." },
  PS416: { severity: 'warning', title: 'Some node roles do not let the agent fetch credentials', remedy: 'Attach AmazonEKSWorkerNodePolicy to the role, or allow eks-auth:AssumeRoleForPodIdentity. Service accounts whose pods can run on its nodes are blocked.' },
  PS417: { severity: 'warning', title: 'The cluster is not active', remedy: 'A plan only reads. Wait until EKS says ACTIVE before you run it: aws eks describe-cluster --name NAME --query cluster.status.' },
  PS418: { severity: 'blocker', title: 'Installing the agent would evict pods that use its ports', remedy: 'Move the workload off the host port (a Service of type LoadBalancer or another port), or keep it off the nodes of pods that get a role. To accept that its pods are evicted, and stay away while the agent runs: --allow-agent-preemption.' },
  PS419: { severity: 'warning', title: 'Installing the agent evicts pods that use its ports', remedy: 'It was allowed with --allow-agent-preemption. Pods that need the port do not start again on nodes with the agent.' },
  PS420: { severity: 'blocker', title: 'The cluster is registered with EKS, and not run by it', remedy: 'Pod Identity works on clusters that EKS runs alone; the service accounts are not changed.' },
  // Owners and indirect users
  PS501: { severity: 'warning', title: 'The owner of the service account would restore the annotation', remedy: 'The annotation stays. Remove it at its source after the migration.' },
  PS502: { severity: 'info', title: 'The annotations stay, as asked for', remedy: 'Remove them when you no longer need to roll back to IRSA.' },
  PS503: { severity: 'warning', title: 'Infrastructure as code owns the role', remedy: 'Add the new trust statement at the source before its next apply: it would take the statement out again.' },
  PS504: { severity: 'info', title: 'A GitOps tool owns the workload', remedy: 'The restart annotation is usually tolerated; where it is not, the tool rolls the pods once more, without harm.' },
  PS505: { severity: 'blocker', title: "Something exchanges the service account's token itself", remedy: "Let it use the identity of its own controller's pods, or give it a service account of its own: a token cannot be exchanged by Pod Identity." },
  PS506: { severity: 'blocker', title: "A SecretProviderClass uses the pods' IRSA role", remedy: 'Set usePodIdentity to "true" in the SecretProviderClass together with the migration, by hand; podshift does not change it.' },
  PS507: { severity: 'warning', title: 'A controller deletes the association together with the annotation', remedy: 'The annotation stays. Take the service account out of the scope of the controller that the message names, then remove the annotation.' },
  PS508: { severity: 'blocker', title: 'A controller writes the whole trust policy of the role', remedy: 'Add the statement for Pod Identity where that controller takes the document from, or configure it not to write the trust policy, then plan again.' },
  PS510: { severity: 'blocker', title: 'A custom resource names the service account and the web-identity provider', remedy: "Let it use the SDK's default provider chain, and its credentials come by Pod Identity: the named provider keeps it on IRSA." },
  PS511: { severity: 'warning', title: 'A custom resource reads the role from the annotation', remedy: 'The annotation and the old trust stay. Name the role in the custom resource itself (KEDA: podIdentity.roleArn instead of identityOwner) before you remove the annotation by hand.' },
  PS512: { severity: 'info', title: 'A custom resource names the service account', remedy: 'Keep the service account. Pods that are started as it later get Pod Identity as any other.' },
  PS513: { severity: 'warning', title: 'A custom resource of a kind that podshift does not know names the service account', remedy: 'The annotation and the old trust stay. Where its controller only starts pods with the service account, remove the annotation by hand after the migration.' },
  PS514: { severity: 'warning', title: 'Another role admits the service account by OIDC', remedy: 'Pods of the service account that use that role by their token lose it: let the other role trust the own one for sts:AssumeRole and sts:TagSession and let the application assume it, or take the service account out of that trust policy if nothing uses it.' },
  PS515: { severity: 'blocker', title: "The service account's token is used for another role", remedy: 'Let the other role trust the own one for sts:AssumeRole and sts:TagSession, let the application assume it instead of exchanging the token, then plan again.' },
  PS516: { severity: 'blocker', title: "A custom resource needs the annotation of an add-on's service account", remedy: 'Name the role in the custom resource itself, then plan again: EKS takes the annotation off when the add-on moves to Pod Identity.' },
  PS517: { severity: 'warning', title: 'A custom resource names the web-identity provider', remedy: "Find out as which service account its pods run. Let it use the SDK's default provider chain before that service account migrates (Crossplane: source PodIdentity after it)." },
  PS518: { severity: 'warning', title: 'Custom resources could not be listed', remedy: 'Let podshift list them (kubectl create clusterrolebinding podshift-view --clusterrole=view --group=podshift covers most), or look yourself whether one of them names a service account that migrates.' },
  PS519: { severity: 'info', title: 'A role admits service accounts by a pattern', remedy: 'Where one of them uses the role by its token beside its own, let the role trust the own one for sts:AssumeRole and sts:TagSession before it migrates.' },
  // Seen and left alone
  PS601: { severity: 'info', title: 'A pod asks kube2iam or kiam for a role', remedy: 'The unit of its service account says what becomes of it. Where no daemon runs, nothing works through the annotation.' },
  PS602: { severity: 'info', title: 'A kube2iam or kiam daemon runs', remedy: 'It keeps running through the migration: a rollback needs it.' },
  // EKS add-ons
  PS604: { severity: 'info', title: 'An EKS add-on is installed', remedy: 'No action needed; its service accounts that have a role are listed as units of their own.' },
  PS605: { severity: 'blocker', title: 'The version of the add-on does not support Pod Identity', remedy: 'Update the add-on to a version that supports it, then plan again.' },
  PS606: { severity: 'blocker', title: 'The service account of an add-on has an association that the add-on does not own', remedy: 'No action needed: its pods work by the association, and EKS lets an add-on adopt none. To give it to the add-on, replace it in a maintenance window: pods that start in between are without the role.' },
  PS607: { severity: 'blocker', title: 'The add-on is not healthy', remedy: "Fix what the add-on's health issues name (aws eks describe-addon --cluster-name NAME --addon-name ADDON), so that it is ACTIVE, then plan again." },
  PS608: { severity: 'blocker', title: 'An update of the add-on is running', remedy: 'A run waits for it before it plans, for as long as --addon-timeout-seconds says. Let it end, then plan again.' },
  PS609: { severity: 'blocker', title: "The add-on's configuration values cannot be read", remedy: 'Set configuration values that are valid JSON or YAML of an object: podshift sends them unchanged, and EKS refuses these.' },
  PS610: { severity: 'blocker', title: 'Another service account of the add-on is blocked', remedy: 'One update moves all service accounts of an add-on. Fix what blocks the other one, then plan again.' },
  PS611: { severity: 'info', title: 'The add-on shares its role with other service accounts', remedy: 'podshift adds its own statement and does not change the others: they keep the role.' },
  PS612: { severity: 'blocker', title: "The add-on's role does not reach its service account", remedy: 'The service account lacks the annotation, so nothing works through it today. Update the add-on so that EKS sets it, or give the role by podIdentityAssociations.' },
  PS613: { severity: 'info', title: 'The annotation of an add-on comes from its configuration values', remedy: 'It stays, and Pod Identity outranks it. Take it out of the configuration values after the migration.' },
  PS614: { severity: 'warning', title: 'EKS restarts the pods of the add-on itself', remedy: 'The update rolls them as their update strategies say. Plan the run for a quiet hour.' },
  // kube2iam and kiam
  PS701: { severity: 'blocker', title: 'The pods are denied the role that they ask for', remedy: "Permit the role in the namespace's annotation, or remove the annotation from the pods: what is denied today must not begin to work by a migration." },
  PS702: { severity: 'blocker', title: 'Pods on the host network do not get the role that they ask for', remedy: "They run as the node's role today, and would get the annotated one. Remove the annotation, or take the pods off the host network and plan again." },
  PS703: { severity: 'blocker', title: 'More than one daemon answers for the pods', remedy: 'Remove all daemons but one: which of them answers depends on the order of iptables rules.' },
  PS704: { severity: 'blocker', title: "The daemon's settings cannot be read", remedy: "Write the flags that the message names into the daemon's arguments: podshift reads no Secret." },
  PS705: { severity: 'blocker', title: 'podshift cannot tell whether the pods get the role', remedy: 'Correct what the message names, then plan again.' },
  PS706: { severity: 'warning', title: "The namespace's annotation cannot be read", remedy: 'Correct the annotation: the daemon denies what it cannot read.' },
  PS707: { severity: 'blocker', title: 'The role name cannot be resolved', remedy: "Write the role's whole ARN into the annotation, or give the daemon its base ARN." },
  PS708: { severity: 'blocker', title: 'No daemon is ready on a node of the pods', remedy: "Pods there do not get the role today. Look at the daemon's pods on that node, then plan again." },
  PS709: { severity: 'blocker', title: 'The daemon does not intercept the pods', remedy: "Without its iptables rule pods reach the node's own role. Let the daemon add the rule (--iptables) for the pods' interfaces (--host-interface=eni+ with the VPC CNI), then plan again." },
  PS710: { severity: 'blocker', title: 'The pods send an external id', remedy: 'Pod Identity sends none of your choice. Replace the condition on sts:ExternalId, remove the annotation, then plan again.' },
  PS711: { severity: 'blocker', title: 'The pods choose their session name', remedy: 'Under Pod Identity EKS chooses the session name. Remove the annotation and what depends on it, then plan again.' },
  PS712: { severity: 'blocker', title: 'Live pods and their template ask for different roles', remedy: 'Finish the roll-out, or write the annotation into the template, then plan again.' },
  PS713: { severity: 'warning', title: 'The service account is split', remedy: 'The workloads of the role get a service account of their own with the same labels, secrets and RBAC bindings: podshift needs infra/cluster-access/splitting.yaml, with the names of the roles that these bind. Do the same at the source of the manifests.' },
  PS714: { severity: 'warning', title: 'A policy names the service account that is split', remedy: 'Name the new service account in the policy as well, before the run: it knows the pods by the old one.' },
  PS715: { severity: 'blocker', title: 'The service account has to be split, and a tool owns the workload', remedy: 'Make the change at the source: a service account of its own, its bindings, and its name in the pod template. Then plan again.' },
  PS716: { severity: 'blocker', title: 'The service account has to be split, and podshift cannot change the workload', remedy: 'Give the workload a service account of its own by hand, then plan again.' },
  PS717: { severity: 'info', title: 'The role annotation is empty', remedy: 'Remove the annotation: it keeps the pods from every role, the default one too.' },
  PS718: { severity: 'info', title: "The pods get the daemon's default role", remedy: 'They stay on it. Annotate them with the role, or give them a service account of their own with it, before the daemon is retired.' },
  PS719: { severity: 'info', title: 'IRSA outranks the annotation', remedy: 'The pods get the role of their service account. Remove the annotation from the pods.' },
  PS720: { severity: 'warning', title: 'The annotation of the pod template stays', remedy: 'Remove it at its source after the migration; until then it does no harm.' },
  PS721: { severity: 'info', title: 'The annotation is removed by a second restart', remedy: 'After proof and soak the template changes once more. To save the restart, remove the annotation together with the first one: --fold-annotation-removal.' },
  PS722: { severity: 'blocker', title: 'The service account has to be split, and it has an association', remedy: 'Give each workload a service account of its own by hand: pods use the association, and lose its role when it is deleted.' },
  PS723: { severity: 'warning', title: 'It is not known as whom the daemon asks for the role', remedy: 'The cluster does not show whose the credentials are. Compare with CloudTrail who assumes the role today (AssumeRole, userIdentity.arn), and see that the trust policy admits it.' },
  // Retiring a daemon
  PS731: { severity: 'blocker', title: 'The workload still gets its role from the daemon', remedy: 'Migrate it, or take the annotation off its pod template and its pods. Then retire the daemon.' },
  PS732: { severity: 'blocker', title: "The pods get the daemon's default role", remedy: 'Give them the role by a service account of their own, or take the default role off the daemon first and see that nothing misses it. Then retire the daemon.' },
  PS733: { severity: 'blocker', title: 'The daemon is not in the cluster', remedy: 'There is nothing to retire. If a rule of it remains on the nodes, remove it by hand, or replace the nodes.' },
  PS734: { severity: 'blocker', title: "The daemon's rule cannot be rebuilt", remedy: "Let the daemon add the rule itself for the pods' interfaces (--iptables, --host-ip, --host-interface), so that podshift knows it exactly; or retire daemon and rule by hand." },
  PS735: { severity: 'blocker', title: 'A tool would start the daemon again', remedy: 'Stop the daemon at its source, then retire it with podshift.' },
  PS736: { severity: 'blocker', title: "The daemon's namespace does not admit the pods that remove the rule", remedy: "They need the host network and the capability NET_ADMIN, as the daemon's own pods do. Let the namespace enforce the Pod Security level privileged until the daemon is retired." },
  PS737: { severity: 'blocker', title: 'A node that may have the rule is not ready', remedy: 'Wait until the node is ready, or remove it from the cluster. Then retire the daemon.' },
  PS738: { severity: 'warning', title: "Pods will reach the nodes' instance metadata themselves", remedy: "Where the hop limit is 2 or more they can take the node's role there, which the daemon kept from them; podshift cannot read the limit from the cluster. Require IMDSv2 with a hop limit of 1 on the nodes, or block 169.254.169.254 by a network policy, before the daemon goes." },
  PS739: { severity: 'info', title: 'The daemon stays as an object that runs nowhere', remedy: 'A rollback needs it. When you no longer want to roll back, delete it with its service account and RBAC (helm uninstall, or kubectl delete).' },
  PS740: { severity: 'info', title: "A policy lets the daemon's role take other roles", remedy: 'Once nothing else that runs as this role takes a role, take sts:AssumeRole out of the policy.' },
  PS741: { severity: 'warning', title: "The daemon's principal stays in a trust policy", remedy: 'podshift takes it out once CloudTrail has shown Pod Identity in use and the old mechanism unused for an hour. Retire the daemon once more later, or take the principal out by hand.' },
  // What changed between two scans
  PS801: { severity: 'warning', title: 'A new service account gets a role by IRSA', remedy: 'Plan and run again for it; give new workloads a Pod Identity association from the start.' },
  PS802: { severity: 'warning', title: 'New pods ask kube2iam or kiam for a role', remedy: 'Plan and run again for them; give new workloads a Pod Identity association from the start.' },
  PS803: { severity: 'warning', title: 'The role annotation of an associated service account is back', remedy: 'Remove it at its source: as long as the association exists it does nothing, and without it the pods fall back to IRSA.' },
  PS804: { severity: 'warning', title: 'A Pod Identity association is gone', remedy: 'Create it again, or run again: new pods get no credentials by it, and none at all where the annotation is gone too.' },
  PS805: { severity: 'warning', title: 'A Pod Identity association was changed', remedy: 'Check that the new role is meant: new pods get it as soon as EKS has spread the change.' },
  PS806: { severity: 'warning', title: 'The role annotation names another role', remedy: 'Check that the new role is meant, then plan again.' },
  PS807: { severity: 'warning', title: 'A role no longer admits an associated service account', remedy: 'Put the trust statement back where the trust policy comes from: the pods lose the role when their credentials end.' },
  PS808: { severity: 'warning', title: 'The Pod Identity agent is gone', remedy: 'Install the add-on eks-pod-identity-agent again: without it no associated pod gets credentials.' },
  PS809: { severity: 'warning', title: 'A kube2iam or kiam daemon is new', remedy: 'Find out who installed it: it may answer pods that had no role by it.' },
  PS810: { severity: 'warning', title: 'A kube2iam or kiam daemon is gone', remedy: 'Pods that still ask it for a role get none. Put it back, or migrate them.' },
  PS811: { severity: 'info', title: 'A service account no longer has a role by IRSA', remedy: 'No action needed if that was intended.' },
  PS812: { severity: 'info', title: 'Pods no longer ask kube2iam or kiam for a role', remedy: 'No action needed if that was intended.' },
  PS813: { severity: 'info', title: 'A Pod Identity association is new, and podshift did not make it', remedy: 'No action needed if that was intended.' },
  // What was not looked at
  PS901: { severity: 'info', title: 'The snapshot is not complete', remedy: 'What is not in it is unknown, and not absent. Take it with the command that the finding names, then plan again.' },
  PS902: { severity: 'warning', title: 'A file of the snapshot says nothing, or not enough', remedy: 'Take the file again with the command that the finding names, then plan again.' },
  PS903: { severity: 'warning', title: 'A name that the options choose is not in the cluster', remedy: 'Correct the name, or remove it from the options; the command line refuses the run.' },
  // What a run does or saw beside its units
  PS911: { severity: 'info', title: 'EKS takes seconds to learn and to forget an association', remedy: 'No action needed: podshift restarts no pod in these seconds, and restarts one that somebody else created in them. To keep others from creating pods meanwhile, pause autoscalers, roll-outs and node drains.' },
  PS912: { severity: 'warning', title: 'CloudTrail may not be read, so that writes of others may have been lost', remedy: 'Allow podshift cloudtrail:LookupEvents. Whoever changed a trust policy in the seconds in which podshift wrote it should look whether the change is there.' },
  PS913: { severity: 'warning', title: 'CloudTrail did not show in time who else wrote a trust policy', remedy: "Ask CloudTrail later for calls of UpdateAssumeRolePolicy in the time that the message names. A document that is neither podshift's nor in the role now was lost: write it again beside podshift's statement." },
  PS914: { severity: 'warning', title: 'What somebody else wrote to a trust policy was restored', remedy: "It was written between podshift's read and its write, which IAM does not notice. Look whether the trust policy is as its owner wants it." },
  PS915: { severity: 'warning', title: "The pods' tokens live shorter than their roll-out takes", remedy: 'Between the end of an association and their restart, pods of a rollback live on the credentials that the agent caches for their token. Raise the token-expiration annotation, or roll back in a quiet hour.' },
  PS916: { severity: 'info', title: 'Waves grow in a large cluster', remedy: 'To keep them small, choose a larger wave size, or migrate some namespaces with a run of their own.' },
} as const satisfies Record<string, FindingRow>;

/** A code of the table, such as `PS101`. */
export type FindingCode = keyof typeof FINDINGS;

/** Something worth telling about one object of the cluster or the account. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** `Kind/namespace/name`, `Kind/name` for what has no namespace, `Role/ARN` or `Addon/NAME`. */
  readonly subject: string;
  /** What was seen, in one sentence, with names; no secrets. */
  readonly message: string;
  /** What to do, in one or two sentences. */
  readonly remedy: string;
}

/** A finding of the table; the remedy is the table's unless a more exact one is given. */
export function finding(code: FindingCode, subject: string, message: string, remedy?: string): Finding {
  return { code, severity: FINDINGS[code].severity, subject, message, remedy: remedy ?? FINDINGS[code].remedy };
}
