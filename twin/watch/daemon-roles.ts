import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { serviceAccountOf } from '../container-environment.ts';
import type { KubernetesSide } from '../contracts.ts';
import { daemonOf } from '../metadata/daemon.ts';
import type { MetadataPath } from '../metadata/metadata-path.ts';

/** What kube2iam or kiam gave to workloads when the twin started. */
export interface DaemonRoles {
  /** Role by workload (`Kind/namespace/name`), by its template. */
  readonly byWorkload: ReadonlyMap<string, string>;
  /** Role by service account (`NAMESPACE/NAME`) all of whose workloads had this one role; such a one may be kept. */
  readonly byServiceAccount: ReadonlyMap<string, string>;
  /** Namespaces in which a role belongs to workloads that need a service account of their own, by role. */
  readonly splits: ReadonlyMap<string, ReadonlySet<string>>;
  /** Service accounts whose workloads differ, `NAMESPACE/NAME`. */
  readonly shared: ReadonlySet<string>;
  /** Annotations that the daemons go by. */
  readonly keys: ReadonlySet<string>;
  /** The roles that the daemons asked as. */
  readonly callers: ReadonlySet<string>;
}

/** A workload's pod template, wherever its kind keeps it. */
export function templateOf(object: KubernetesObject): KubernetesObject | undefined {
  if (object.kind === 'Pod') return object;
  return object.kind === 'CronJob' ? object.spec?.jobTemplate?.spec?.template : object.spec?.template;
}

/** Asks the daemons for every template of the cluster. */
export function takeDaemonRoles(path: MetadataPath, kubernetes: KubernetesSide, kinds: readonly string[]): DaemonRoles {
  const byWorkload = new Map<string, string>();
  const users = new Map<string, Set<string>>();
  const keys = path.keys();
  const callers = new Set<string>();
  const workloads = [...kinds, 'Pod'].flatMap((kind) => kubernetes.objects(kind));
  for (const workload of workloads.filter(({ metadata }) => (metadata.ownerReferences ?? []).length === 0)) {
    const template = templateOf(workload);
    if (template?.spec === undefined || isFinished(workload)) continue;
    const { namespace = '', name } = workload.metadata;
    const asked = { ...template, metadata: { ...template.metadata, name, namespace } } as KubernetesObject;
    const names = Object.keys(asked.metadata.annotations ?? {}).some((key) => keys.has(key));
    const answer = names ? path.askForTemplate(asked) : undefined;
    const roleArn = answer?.kind === 'role' ? answer.roleArn : '';
    if (answer?.kind === 'role') callers.add(answer.callerArn);
    if (roleArn !== '') byWorkload.set(`${workload.kind}/${namespace}/${name}`, roleArn);
    const id = `${namespace}/${serviceAccountOf(asked)}`;
    users.set(id, (users.get(id) ?? new Set()).add(roleArn));
  }
  const byServiceAccount = new Map<string, string>();
  const splits = new Map<string, Set<string>>();
  const shared = new Set<string>();
  for (const [id, roles] of users) {
    const [namespace = '', name] = id.split('/');
    const [only = ''] = roles;
    if (roles.size === 1 && only !== '' && name !== 'default') byServiceAccount.set(id, only);
    else
      for (const roleArn of roles)
        if (roleArn !== '') {
          splits.set(roleArn, (splits.get(roleArn) ?? new Set()).add(namespace));
          shared.add(id);
        }
  }
  return { byWorkload, byServiceAccount, splits, shared, keys, callers };
}

function isFinished(workload: KubernetesObject): boolean {
  return (
    workload.kind === 'Job' &&
    (workload.status?.conditions ?? []).some(
      ({ type, status }: { type: string; status: string }) => /^(Complete|Failed)$/.test(type) && status === 'True',
    )
  );
}

/** The workloads that are kube2iam or kiam, `Kind/namespace/name`, with the service account of their pods (`NAMESPACE/NAME`). */
export function daemonWorkloads(kubernetes: Pick<KubernetesSide, 'object' | 'objects'>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const kind of ['DaemonSet', 'Deployment'])
    for (const workload of kubernetes.objects(kind)) {
      const { namespace = '', name } = workload.metadata;
      const template = { ...workload.spec.template, metadata: { namespace, name } } as KubernetesObject;
      if (daemonOf(template, kubernetes) !== undefined)
        found.set(`${kind}/${namespace}/${name}`, `${namespace}/${template.spec.serviceAccountName ?? 'default'}`);
    }
  return found;
}
