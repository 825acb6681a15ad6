import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { HOST_IP, ruleArguments } from '../../src/model/interception.ts';
import { metadataPod, type NodeTask, rulePod } from '../../src/verification/node-pods.ts';
import { MANAGED_BY_LABEL } from '../../src/verification/pods.ts';
import { PROBE_DEADLINE_SECONDS, PROBE_NAME_PREFIX, probePod } from '../../src/verification/probe.ts';
import { anyKey, lines, list, listed, mapOf, text } from './admission-cel.ts';
import type { Policy, Validation } from './admission-policy.ts';

const ARGUMENTS =
  ruleArguments({
    iptables: true,
    hostAddress: { kind: 'node' },
    hostInterface: 'eni+',
    metadataAddress: '169.254.169.254',
    port: 8181,
    removesRule: false,
  }) ?? [];
const DAEMON = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'd', namespace: 'n' }, spec: { template: { spec: {} } } };
const NODE_POD = { runId: 'r', nodeName: 'n', attempt: 0, image: 'i', daemon: DAEMON };
const PROBE = { runId: 'r', unitId: 'u', namespace: 'n', serviceAccount: 's', image: 'i', region: 'r', nodeName: 'n', tolerations: [] };

/** The pods that podshift makes, by their task. */
export const SHAPES: Readonly<Record<'probe' | NodeTask, KubernetesObject>> = {
  probe: probePod('p', PROBE),
  rule: rulePod(NODE_POD, ARGUMENTS),
  metadata: metadataPod(NODE_POD),
};

/** What the API server and its admission plugins give every pod and container. */
const GIVEN_TO_PODS = [
  'dnsPolicy',
  'schedulerName',
  'serviceAccount',
  'serviceAccountName',
  'priority',
  'preemptionPolicy',
  'imagePullSecrets',
];
const GIVEN_TO_CONTAINERS = ['imagePullPolicy', 'env', 'volumeMounts'];
const AUDIENCES = ['pods.eks.amazonaws.com', 'sts.amazonaws.com', 'sts.amazonaws.com.cn'];

/** Words of the rule's arguments that differ between clusters: the address that calls go to, and the interface. */
const OPEN_WORDS = [ARGUMENTS.indexOf('--to-destination') + 1, ARGUMENTS.indexOf('-i'), ARGUMENTS.indexOf('-i') + 1];

const keysOf = (...objects: readonly Readonly<Record<string, unknown>>[]): string[] => [...new Set(objects.flatMap(Object.keys))].sort();
const containerOf = (task: keyof typeof SHAPES) => SHAPES[task].spec.containers[0];
const byTask = (of: (task: keyof typeof SHAPES) => string): string =>
  `${(['probe', 'rule'] as const).map((task) => `variables.task == ${text(task)} ? ${of(task)} : `).join('')}${of('metadata')}`;

function commandOf(task: keyof typeof SHAPES): string {
  const { command, args = [] } = containerOf(task) as { command: readonly string[]; args?: readonly string[] };
  const container = 'variables.container';
  const fixed = task === 'rule' ? args.slice(0, args.length - ARGUMENTS.length) : args;
  const exact = `${container}.command == ${list(command)}`;
  if (task !== 'rule') return `(${exact} && ${container}.?args.orValue([]) == ${list(args)})`;
  const begin = fixed.map((word, index) => `${container}.args[${index}] == ${text(word)}`);
  const rule = ARGUMENTS.flatMap((word, index) =>
    OPEN_WORDS.includes(index) ? [] : [`${container}.args[${fixed.length + index}] == ${text(word)}`],
  );
  const [to = 0, match = 0] = OPEN_WORDS.map((index) => fixed.length + index);
  const address = `${container}.args[${to}].matches(${text(`^(\\$\\(${HOST_IP}\\)|[0-9a-f.:\\[\\]]+):[0-9]+$`)})`;
  const name = text('^[A-Za-z0-9_.][A-Za-z0-9_.+-]*$');
  const onInterface = (from: number): string =>
    `${container}.args.size() == ${from + 2} && ${container}.args[${from}] == "-i" && ${container}.args[${from + 1}].matches(${name})`;
  const ends = `((${onInterface(match)}) || (${container}.args[${match}] == "!" && ${onInterface(match + 1)}))`;
  return `(${[exact, `${container}.args.size() >= ${match + 2}`, ...begin, ...rule, address, ends].join(' && ')})`;
}

function privilegesOf(task: keyof typeof SHAPES): string {
  const { capabilities } = containerOf(task).securityContext;
  const add = `variables.privileges.capabilities.?add.orValue([]) == ${list(capabilities.add ?? [])}`;
  const user = SHAPES[task].spec.securityContext.runAsUser;
  return `(${add} && object.spec.securityContext.?runAsUser.orValue(-1) == ${user})`;
}

const validations = (): Validation[] => {
  const [key, value] = [MANAGED_BY_LABEL.key, MANAGED_BY_LABEL.value].map(text);
  const podKeys = keysOf(...Object.values(SHAPES).map(({ spec }) => spec));
  const containerKeys = keysOf(...(['probe', 'rule', 'metadata'] as const).map(containerOf));
  const contexts = keysOf(...Object.values(SHAPES).map(({ spec }) => spec.securityContext));
  const privileges = keysOf(...(['probe', 'rule', 'metadata'] as const).map((task) => containerOf(task).securityContext));
  const volume = SHAPES.rule.spec.volumes[0].hostPath;
  return [
    {
      message: 'podshift makes only pods that are marked and named as its own',
      expression: `${mapOf('object.metadata', 'labels')}[?${key}].orValue("") == ${value} && "podshift/run" in ${mapOf('object.metadata', 'labels')} && variables.task in ${list(Object.keys(SHAPES))} && object.metadata.name.startsWith(${text(PROBE_NAME_PREFIX)} + variables.task + "-") && !has(object.metadata.ownerReferences)`,
    },
    {
      message: 'a pod of podshift has no field that podshift does not set',
      expression: `${anyKey('object.spec')}.all(k, k in ${list([...new Set([...podKeys, ...GIVEN_TO_PODS])].sort())}) && object.spec.containers.size() == 1 && variables.container.all(k, k in ${list([...new Set([...containerKeys, ...GIVEN_TO_CONTAINERS])].sort())})`,
    },
    {
      message: "a pod of podshift runs podshift's own command",
      expression: byTask(commandOf),
    },
    {
      message: 'the image is none of those that the ConfigMap podshift-admission lists',
      expression: listed(
        `(variables.task == "probe" ? ${lines('probeImages')} : ${lines('retirementImages')})`,
        'variables.container.image',
      ),
    },
    {
      message: 'a pod of podshift takes no variable from elsewhere, and none that the ConfigMap podshift-admission does not list',
      expression: `variables.container.?env.orValue([]).all(e, e.name in ${lines('podVariables')} && (!has(e.valueFrom) || (e.name == ${text(HOST_IP)} && has(e.valueFrom.fieldRef))))`,
    },
    {
      message: 'a pod of podshift mounts nothing but scratch space, tokens for AWS, and where it takes a rule away the lock of iptables',
      expression: `object.spec.?volumes.orValue([]).all(v, has(v.emptyDir) || (has(v.projected) && v.projected.sources.all(s, has(s.serviceAccountToken) && s.serviceAccountToken.?audience.orValue("") in ${list(AUDIENCES)})) || (variables.task == "rule" && has(v.hostPath) && v.hostPath.path == ${text(volume.path)} && v.hostPath.?type.orValue("") == ${text(volume.type)}))`,
    },
    {
      message: 'a pod of podshift has no privilege beyond its task',
      expression: `${anyKey('object.spec.securityContext')}.all(k, k in ${list(contexts)}) && object.spec.securityContext.seccompProfile.type == "RuntimeDefault" && variables.privileges.all(k, k in ${list([...privileges, 'procMount'])}) && variables.privileges.?procMount.orValue("Default") == "Default" && !variables.privileges.allowPrivilegeEscalation && variables.privileges.readOnlyRootFilesystem && variables.privileges.capabilities.drop == ["ALL"] && (${byTask(privilegesOf)}) && (variables.task == "rule" || (object.spec.securityContext.runAsNonRoot && !object.spec.?hostNetwork.orValue(false)))`,
    },
    {
      message: 'a pod of podshift has no token of its service account for the API server, and ends soon',
      expression: `!object.spec.?automountServiceAccountToken.orValue(true) && object.spec.restartPolicy == "Never" && object.spec.?activeDeadlineSeconds.orValue(86400) <= ${PROBE_DEADLINE_SECONDS}`,
    },
  ];
};

/** What podshift's group may create as a pod, dry runs aside: nothing of those is kept. */
export function createdPods(): Policy {
  return {
    name: 'podshift-pods-created',
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    matchConditions: [{ name: 'is-kept', expression: '!(has(request.dryRun) && request.dryRun)' }],
    variables: [
      { name: 'task', expression: `${mapOf('object.metadata', 'labels')}[?"podshift/task"].orValue("probe")` },
      { name: 'container', expression: 'object.spec.containers[0]' },
      { name: 'privileges', expression: 'variables.container.securityContext' },
    ],
    validations: validations(),
  };
}
