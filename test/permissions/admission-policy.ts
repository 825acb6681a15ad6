import { stringify } from 'yaml';
import { RESTARTED_AT } from '../../src/migration/unit/workloads.ts';
import { DEFAULT_PROBE_IMAGE } from '../../src/model/options.ts';
import { RETIRED_LABEL } from '../../src/model/retirement.ts';
import { KIAM } from '../../src/plan/metadata/roles.ts';
import { OF_IRSA_ALONE } from '../../src/plan/owners.ts';
import { MANAGED_BY_LABEL } from '../../src/verification/pods.ts';
import { lines, list, mapOf, namesDaemon, sameBut, text } from './admission-cel.ts';
import { createdPods, SHAPES } from './admission-pods.ts';

/** A rule that has to hold, in CEL. */
export interface Validation {
  readonly message: string;
  readonly expression: string;
}

/** A ValidatingAdmissionPolicy, without what all of them share. */
export interface Policy {
  readonly name: string;
  readonly rules: readonly Readonly<Record<'apiGroups' | 'apiVersions' | 'operations' | 'resources', readonly string[]>>[];
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
  readonly validations: readonly Validation[];
}

/** The groups of podshift in a cluster. */
const GROUPS = ['podshift', 'podshift-readers'];
const SETTINGS = { name: 'podshift-admission', namespace: 'kube-system' };

/** What the deployer decides; a run's options have to agree with it. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  probeImages: [DEFAULT_PROBE_IMAGE],
  retirementImages: ['jtblin/kube2iam:*', 'docker.io/jtblin/kube2iam:*', 'quay.io/uswitch/kiam:*'],
  podVariables: [
    ...new Set(Object.values(SHAPES).flatMap(({ spec }) => (spec.containers[0].env ?? []).map(({ name }: { name: string }) => name))),
    ...['AWS_DEFAULT_REGION', 'AWS_STS_REGIONAL_ENDPOINTS', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
    ...['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
  ],
  serviceAccountAnnotations: OF_IRSA_ALONE.map((name) => `eks.amazonaws.com/${name}`),
  templateAnnotations: [KIAM.role, KIAM.sessionName, KIAM.externalId],
  daemons: ['*/kube2iam', '*/kiam-agent', '*/kiam-server'],
};

/** What the API server itself changes in an object's metadata when somebody patches it. */
const KEPT_BY_SERVER = ['managedFields', 'resourceVersion', 'generation'];
/** The API server counts the templates of a DaemonSet there. */
const DAEMON_SET_GENERATION = 'deprecated.daemonset.template.generation';

const sameMetadata = (...also: readonly string[]): string =>
  sameBut('object.metadata', 'oldObject.metadata', list([...KEPT_BY_SERVER, ...also]));
const sameAnnotations = (owner: string, old: string, except: string): string =>
  sameBut(mapOf(owner, 'annotations'), mapOf(old, 'annotations'), except);

const deletedPods: Policy = {
  name: 'podshift-pods-deleted',
  rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['pods'] }],
  variables: [{ name: 'daemons', expression: lines('daemons') }],
  validations: [
    {
      message: 'podshift deletes only its own pods, and those of the daemons that the ConfigMap podshift-admission lists',
      expression: `${mapOf('oldObject.metadata', 'labels')}[?${text(MANAGED_BY_LABEL.key)}].orValue("") == ${text(MANAGED_BY_LABEL.value)} || oldObject.metadata.?ownerReferences.orValue([]).exists(o, o.kind == "DaemonSet" && ${namesDaemon('variables.daemons', 'request.namespace', 'o.name')})`,
    },
  ],
};

const serviceAccounts: Policy = {
  name: 'podshift-service-accounts',
  rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['serviceaccounts'] }],
  variables: [
    { name: 'changeable', expression: lines('serviceAccountAnnotations') },
    { name: 'made', expression: mapOf('(request.operation == "DELETE" ? oldObject : object).metadata', 'annotations') },
  ],
  validations: [
    {
      message: 'podshift changes nothing of a service account but the annotations that the ConfigMap podshift-admission lists',
      expression: `request.operation != "UPDATE" || (${sameBut('object', 'oldObject', list(['metadata']))} && ${sameMetadata('annotations')} && ${sameAnnotations('object.metadata', 'oldObject.metadata', 'variables.changeable')})`,
    },
    {
      message: 'podshift makes and deletes only service accounts that carry its mark, and gives them no role by an annotation',
      expression: `request.operation == "UPDATE" || ("podshift/run" in variables.made && "podshift/split-from" in variables.made && variables.made.all(k, !(k in variables.changeable)))`,
    },
  ],
};

const workloads: Policy = {
  name: 'podshift-workloads',
  rules: [
    { apiGroups: ['apps'], apiVersions: ['*'], operations: ['UPDATE'], resources: ['deployments', 'statefulsets', 'daemonsets'] },
    { apiGroups: ['batch'], apiVersions: ['*'], operations: ['UPDATE'], resources: ['cronjobs'] },
    { apiGroups: ['argoproj.io'], apiVersions: ['*'], operations: ['UPDATE'], resources: ['rollouts'] },
  ],
  variables: [
    { name: 'isCronJob', expression: 'request.kind.kind == "CronJob"' },
    { name: 'isDaemon', expression: namesDaemon(lines('daemons'), 'request.namespace', 'request.name') },
    ...[
      ['job', 'object'],
      ['oldJob', 'oldObject'],
    ].map(([name = '', object]) => ({ name, expression: `variables.isCronJob ? ${object}.spec.jobTemplate : {"spec": ${object}.spec}` })),
    ...[
      ['template', 'job'],
      ['oldTemplate', 'oldJob'],
    ].map(([name = '', job]) => ({ name, expression: mapOf(`variables.${job}.spec`, 'template') })),
    { name: 'pod', expression: mapOf('variables.template', 'spec') },
    { name: 'oldPod', expression: mapOf('variables.oldTemplate', 'spec') },
    { name: 'changeable', expression: `${lines('templateAnnotations')} + ${list([RESTARTED_AT])}` },
  ],
  validations: [
    {
      message: 'podshift changes nothing of a workload but fields of its pod template',
      expression: `${sameBut('object', 'oldObject', list(['metadata', 'spec', 'status']))} && ${sameMetadata('annotations')} && ${sameAnnotations('object.metadata', 'oldObject.metadata', list([DAEMON_SET_GENERATION]))} && ${sameBut('object.spec', 'oldObject.spec', list(['template', 'jobTemplate', 'replicas', 'restartAt']))} && (!variables.isCronJob || (${sameBut('variables.job', 'variables.oldJob', list(['spec']))} && ${sameBut('variables.job.spec', 'variables.oldJob.spec', list(['template']))}))`,
    },
    {
      message: 'podshift restarts by its mark: spec.restartAt is that of Rollouts alone',
      expression: 'object.spec.?restartAt == oldObject.spec.?restartAt || request.kind.kind == "Rollout"',
    },
    {
      message: 'podshift scales nothing but the servers of daemons that the ConfigMap podshift-admission lists, to none and back',
      expression:
        'object.spec.?replicas == oldObject.spec.?replicas || (variables.isDaemon && request.kind.kind == "Deployment" && (object.spec.?replicas.orValue(1) == 0 || oldObject.spec.?replicas.orValue(1) == 0))',
    },
    {
      message:
        'podshift changes no annotation of a pod template but its restart mark and those that the ConfigMap podshift-admission lists',
      expression: `${sameBut('variables.template', 'variables.oldTemplate', list(['metadata', 'spec']))} && ${sameBut(mapOf('variables.template', 'metadata'), mapOf('variables.oldTemplate', 'metadata'), list(['annotations']))} && ${sameAnnotations(mapOf('variables.template', 'metadata'), mapOf('variables.oldTemplate', 'metadata'), 'variables.changeable')}`,
    },
    {
      message: 'podshift changes nothing of a pod template but its service account, and the node selector of daemons that are retired',
      expression: `${sameBut('variables.pod', 'variables.oldPod', list(['serviceAccountName', 'serviceAccount', 'nodeSelector']))} && ${sameBut(mapOf('variables.pod', 'nodeSelector'), mapOf('variables.oldPod', 'nodeSelector'), `(variables.isDaemon && request.kind.kind == "DaemonSet" ? ${list([RETIRED_LABEL])} : [])`)}`,
    },
  ],
};

const isNeighbour = (subject: string): string =>
  `${subject}.kind == "ServiceAccount" && oldObject.?subjects.orValue([]).exists(o, o.kind == "ServiceAccount" && o.?namespace.orValue("") == ${subject}.?namespace.orValue(""))`;

const bindings: Policy = {
  name: 'podshift-bindings',
  rules: [
    {
      apiGroups: ['rbac.authorization.k8s.io'],
      apiVersions: ['*'],
      operations: ['UPDATE'],
      resources: ['rolebindings', 'clusterrolebindings'],
    },
  ],
  variables: [
    { name: 'now', expression: 'object.?subjects.orValue([])' },
    { name: 'before', expression: 'oldObject.?subjects.orValue([])' },
  ],
  validations: [
    {
      message: 'podshift changes nothing of a binding but its subjects',
      expression: `${sameBut('object', 'oldObject', list(['metadata', 'subjects']))} && ${sameMetadata()}`,
    },
    {
      message: 'podshift adds and takes away only service accounts of a namespace that the binding names already',
      expression: `variables.now.all(s, s in variables.before || (${isNeighbour('s')})) && variables.before.all(s, s in variables.now || (${isNeighbour('s')}))`,
    },
  ],
};

/** All policies of infra/cluster-access/admission-policy.yaml. */
export const POLICIES: readonly Policy[] = [createdPods(), deletedPods, serviceAccounts, workloads, bindings];

function objectsOf({ name, rules, matchConditions = [], variables, validations }: Policy): object[] {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const byPodshift = { name: 'by-podshift', expression: `request.userInfo.groups.exists(g, g in ${list(GROUPS)})` };
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConstraints: { resourceRules: rules },
        matchConditions: [byPodshift, ...matchConditions],
        variables,
        validations: validations.map((one) => ({ ...one, reason: 'Forbidden' })),
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'], paramRef: { ...SETTINGS, parameterNotFoundAction: 'Deny' } },
    },
  ];
}

/** The text of infra/cluster-access/admission-policy.yaml. */
export function admissionPolicy(): string {
  const data = Object.fromEntries(Object.entries(CHOICES).map(([key, entries]) => [key, entries.map((entry) => `${entry}\n`).join('')]));
  const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: SETTINGS, data };
  const documents = [settings, ...POLICIES.flatMap(objectsOf)].map((object) => stringify(object, { lineWidth: 0 }));
  return `# What podshift's group may do with the verbs that RBAC gives it: make the pods of a probe and of a retirement and no others, change the
# fields that a migration changes and no others. Needs Kubernetes 1.30. Who asks is known by the groups podshift and podshift-readers.
#
# The ConfigMap is yours to edit, one entry a line: images (a star at the end stands for any rest; name them by digest), variables that
# webhooks of yours add to every pod, annotations, and the daemons that may be retired, NAMESPACE/NAME with a star for any namespace. Where
# a run has another --probe-image, --retire-image or annotation prefix, or kube2iam reads another annotation, they have to be here too. Edit a copy
# of this file, and apply that: the shipped one brings its own lists back.
# The rest is written by "npm run admission-policy" from podshift's own pods and constants: change those.
${documents.join('---\n')}`;
}
