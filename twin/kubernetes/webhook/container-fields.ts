/**
 * Members of a container and of what is in it, `NAME` or `NAME:TYPE`, as k8s.io/api has them in the version that the webhook
 * is built with (v0.36).
 */
export const CONTAINER_TYPES: Readonly<Record<string, string>> = {
  Container:
    'args command env:EnvVar envFrom:EnvFromSource image imagePullPolicy lifecycle:Lifecycle livenessProbe:Probe name ports:ContainerPort readinessProbe:Probe resizePolicy:ContainerResizePolicy resources:ResourceRequirements restartPolicy restartPolicyRules:ContainerRestartRule securityContext:SecurityContext startupProbe:Probe stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices:VolumeDevice volumeMounts:VolumeMount workingDir',
  EnvVar: 'name value valueFrom:EnvVarSource',
  EnvVarSource:
    'configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector fileKeyRef:FileKeySelector resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector',
  ConfigMapKeySelector: 'key name optional',
  ObjectFieldSelector: 'apiVersion fieldPath',
  FileKeySelector: 'key optional path volumeName',
  ResourceFieldSelector: 'containerName divisor resource',
  SecretKeySelector: 'key name optional',
  EnvFromSource: 'configMapRef:ConfigMapEnvSource prefix secretRef:SecretEnvSource',
  ConfigMapEnvSource: 'name optional',
  SecretEnvSource: 'name optional',
  Lifecycle: 'postStart:LifecycleHandler preStop:LifecycleHandler stopSignal',
  LifecycleHandler: 'exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction',
  ExecAction: 'command',
  HTTPGetAction: 'host httpHeaders:HTTPHeader path port scheme',
  HTTPHeader: 'name value',
  SleepAction: 'seconds',
  TCPSocketAction: 'host port',
  Probe:
    'exec:ExecAction failureThreshold grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds periodSeconds successThreshold tcpSocket:TCPSocketAction terminationGracePeriodSeconds timeoutSeconds',
  GRPCAction: 'port service',
  ContainerPort: 'containerPort hostIP hostPort name protocol',
  ContainerResizePolicy: 'resourceName restartPolicy',
  ResourceRequirements: 'claims:ResourceClaim limits requests',
  ResourceClaim: 'name request',
  ContainerRestartRule: 'action exitCodes:ContainerRestartRuleOnExitCodes',
  ContainerRestartRuleOnExitCodes: 'operator values',
  SecurityContext:
    'allowPrivilegeEscalation appArmorProfile:AppArmorProfile capabilities:Capabilities privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions',
  AppArmorProfile: 'localhostProfile type',
  Capabilities: 'add drop',
  SELinuxOptions: 'level role type user',
  SeccompProfile: 'localhostProfile type',
  WindowsSecurityContextOptions: 'gmsaCredentialSpec gmsaCredentialSpecName hostProcess runAsUserName',
  VolumeDevice: 'devicePath name',
  VolumeMount: 'mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr',
};

type Members = ReadonlyMap<string, string>;

const MEMBERS: ReadonlyMap<string, Members> = new Map(
  Object.entries(CONTAINER_TYPES).map(([type, members]) => [
    type,
    new Map(
      members
        .split(' ')
        .map((member) => member.split(':') as [string, string?])
        .map(([name, inner = '']) => [name, inner]),
    ),
  ]),
);

/**
 * The container as the webhook writes it back: a container goes through the types that it was built with, and what they do
 * not know is lost. That befalls members that a newer API server has, and once was the end of `restartPolicy`.
 */
export function withKnownFields<T extends object>(container: T): T {
  return known(container, MEMBERS.get('Container') as Members) as T;
}

/** The very same value where nothing in it is unknown. */
function known(value: unknown, members: Members): unknown {
  if (Array.isArray(value)) {
    const kept = value.map((item) => known(item, members));
    return kept.some((item, index) => item !== value[index]) ? kept : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const kept = entries.flatMap(([name, member]) => {
    const type = members.get(name);
    if (type === undefined) return [];
    return [[name, type === '' ? member : known(member, MEMBERS.get(type) as Members)] as const];
  });
  const same = kept.length === entries.length && kept.every(([, member], index) => member === entries[index]?.[1]);
  return same ? value : Object.fromEntries(kept);
}
