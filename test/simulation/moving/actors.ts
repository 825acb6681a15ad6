import type { KubernetesObject } from '../../../src/kubernetes/gateway.ts';
import { AwsError } from '../../../twin/aws/errors.ts';
import type { RoleState } from '../../../twin/aws/records.ts';
import type { UnservedTwin } from '../../../twin/twin.ts';
import { roleArn } from '../../support/twin-account.ts';
import type { SimulatedClock } from './clock.ts';
import type { Told } from './functions.ts';
import type { Act } from './history.ts';
import { ADDON, NAMESPACE, node, nodeName, serviceAccount, trustOf, type UnitSpec, type WorldSpec, workload } from './worlds.ts';
import type { Writers } from './writers.ts';

/** What actors work on. */
export interface ActorsStage {
  readonly world: WorldSpec;
  readonly clock: SimulatedClock;
  readonly twin: UnservedTwin;
  readonly writers: Writers;
  readonly tell: Told;
}

const AGENT = 'eks-pod-identity-agent';

/** Everybody else in the account and the cluster. */
export class Actors {
  readonly #stage: ActorsStage;

  constructor(stage: ActorsStage) {
    this.#stage = stage;
  }

  /** Does now what the history says. */
  act(act: Act): void {
    const { tell, writers } = this.#stage;
    const unit = this.#unit(act.unit);
    tell(`${act.who}: ${unit.name}`);
    writers.as(act.who, () => this.#acts[act.who](unit, act));
  }

  readonly #acts: Readonly<Record<Act['who'], (unit: UnitSpec, act: Act) => void>> = {
    hpa: (unit, { number = 3 }) => this.#scale(unit, number),
    ci: (unit, { number = 2 }) => this.#roll(unit, number),
    restarter: (unit) => this.#restart(unit),
    drain: (_unit, act) => this.#drain(act),
    'new node': (_unit, { number = 0 }) => this.#apply(node(10 + number)),
    'node remover': (_unit, { number = 0 }) => this.#removeNode(number),
    'addon updater': () => this.#updateAddon(),
    'gitops annotations': (unit, act) => this.#every(act, () => this.#applyServiceAccount(unit)),
    'gitops templates': (unit, act) => this.#every(act, () => this.#applyWorkload(unit)),
    'gitops trust': (unit, act) => this.#every(act, () => this.#writeTrust(unit.role, trustOf(this.#sharing(unit)))),
    'gitops associations': (unit, act) => this.#every(act, () => this.#deleteAssociation(unit)),
    'trust editor': (unit, { number = 0 }) => this.#editTrust(unit.role, number),
    'annotation editor': (unit) => this.#annotate(unit, roleArn('node')),
    'association deleter': (unit) => this.#deleteAssociation(unit),
    eksctl: (unit) => this.#eksctl(unit),
    'role deleter': (unit) => this.#deleteRole(unit.role),
    'role maker': (unit) => {
      this.#deleteRole(unit.role);
      this.#stage.twin.awsState.createRole(unit.role, trustOf(this.#sharing(unit)), [], 'system');
    },
    'service account deleter': (unit) => this.#remove('ServiceAccount', unit.namespace, unit.serviceAccount),
    'service account maker': (unit) => {
      this.#remove('ServiceAccount', unit.namespace, unit.serviceAccount);
      this.#apply(serviceAccount(unit));
    },
    'workload deleter': (unit) => this.#remove(unit.kind, unit.namespace, unit.name),
    'workload maker': (unit) => {
      this.#remove(unit.kind, unit.namespace, unit.name);
      this.#apply(workload(unit));
    },
    'namespace deleter': () => this.#stage.twin.kubernetes.remove('Namespace', undefined, NAMESPACE),
    'agent roller': () => this.#restartAgent(),
    'agent remover': (_unit, act) => this.#removeAgent(act),
  };

  #unit(index: number): UnitSpec {
    const { units } = this.#stage.world;
    return units[index % units.length] as UnitSpec; // a world has units
  }

  #sharing(unit: UnitSpec): readonly UnitSpec[] {
    return this.#stage.world.units.filter((one) => one.role === unit.role);
  }

  /** Later, as the same actor. */
  #later(who: Act['who'], milliseconds: number, work: () => void): void {
    this.#stage.clock.schedule(milliseconds, () => this.#stage.writers.as(who, work));
  }

  /** A controller that puts its own back again and again. */
  #every({ who, every = 60, seconds = 0 }: Act, work: () => void): void {
    for (let time = 0; time <= seconds; time += every) this.#later(who, time * 1000, work);
  }

  #remove(kind: string, namespace: string, name: string): void {
    this.#stage.twin.kubernetes.remove(kind, namespace, name);
  }

  #apply(object: KubernetesObject): void {
    this.#stage.twin.kubernetes.apply(object);
  }

  #workloadNow({ kind, namespace, name }: UnitSpec): KubernetesObject | undefined {
    return this.#stage.twin.kubernetes.object(kind, namespace, name);
  }

  #scale(unit: UnitSpec, replicas: number): void {
    const now = this.#workloadNow(unit);
    if (now !== undefined && (unit.kind === 'Deployment' || unit.kind === 'StatefulSet'))
      this.#apply({ ...now, spec: { ...now.spec, replicas } });
  }

  #roll(unit: UnitSpec, version: number): void {
    const now = this.#workloadNow(unit);
    if (now === undefined || unit.kind === 'CronJob') return;
    const [container, ...rest] = now.spec.template.spec.containers;
    const containers = [{ ...container, image: `registry.example/app:${version}` }, ...rest];
    this.#apply({ ...now, spec: { ...now.spec, template: { ...now.spec.template, spec: { ...now.spec.template.spec, containers } } } });
  }

  #restart(unit: UnitSpec): void {
    const now = this.#workloadNow(unit);
    if (now !== undefined && unit.kind !== 'CronJob') this.#apply(withMark(now, this.#time()));
  }

  #restartAgent(): void {
    const set = this.#stage.twin.kubernetes.object('DaemonSet', 'kube-system', AGENT);
    if (set !== undefined) this.#apply(withMark(set, this.#time()));
  }

  #removeAgent({ who, seconds = 60 }: Act): void {
    const { twin } = this.#stage;
    const set = twin.kubernetes.object('DaemonSet', 'kube-system', AGENT);
    if (set === undefined) return;
    twin.kubernetes.remove('DaemonSet', 'kube-system', AGENT);
    this.#later(who, seconds * 1000, () => {
      if (twin.kubernetes.object('DaemonSet', 'kube-system', AGENT) !== undefined || twin.addons.find(AGENT) === undefined) return;
      const { uid: _uid, resourceVersion: _version, ...metadata } = set.metadata;
      this.#apply({ ...set, metadata });
    });
  }

  /** Cordons a node, takes its pods away one after another, and gives it back. */
  #drain({ who, number = 0, seconds = 120 }: Act): void {
    const { kubernetes } = this.#stage.twin;
    const name = nodeName(1 + (number % this.#stage.world.nodes));
    const cordon = (unschedulable: boolean): void => {
      const now = kubernetes.object('Node', undefined, name);
      if (now !== undefined) this.#apply({ ...now, spec: { ...now.spec, unschedulable } });
    };
    cordon(true);
    const isDaemon = (pod: KubernetesObject): boolean => pod.metadata.ownerReferences?.[0]?.kind === 'DaemonSet';
    const pods = kubernetes.objects('Pod').filter((pod) => pod.spec.nodeName === name && !isDaemon(pod));
    for (const [index, { metadata }] of pods.entries())
      this.#later(who, 2_000 * (index + 1), () => {
        const now = kubernetes.object('Pod', metadata.namespace, metadata.name);
        if (now?.metadata.uid === metadata.uid) kubernetes.remove('Pod', metadata.namespace, metadata.name);
      });
    this.#later(who, seconds * 1000, () => cordon(false));
  }

  /** A node that goes with all that runs on it, as a spot instance does; the last one stays. */
  #removeNode(number: number): void {
    const { kubernetes } = this.#stage.twin;
    const nodes = kubernetes.objects('Node');
    const gone = nodes[number % nodes.length];
    if (gone === undefined || nodes.length < 2) return;
    kubernetes.remove('Node', undefined, gone.metadata.name);
    for (const { metadata, spec } of kubernetes.objects('Pod'))
      if (spec.nodeName === gone.metadata.name) kubernetes.remove('Pod', metadata.namespace, metadata.name);
  }

  /** Somebody else configures the add-on at the same time. */
  #updateAddon(): void {
    const { addons, updates } = this.#stage.twin;
    if (addons.find(ADDON)?.status !== 'ACTIVE') return;
    try {
      updates.start(ADDON, { configurationValues: '{}' });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
    }
  }

  #applyServiceAccount(unit: UnitSpec): void {
    const wanted = serviceAccount(unit);
    const now = this.#stage.twin.kubernetes.object('ServiceAccount', unit.namespace, unit.serviceAccount);
    if (now === undefined) {
      this.#apply(wanted);
      return;
    }
    const annotations = { ...now.metadata.annotations, ...wanted.metadata.annotations };
    this.#apply({ ...now, metadata: { ...now.metadata, annotations } });
  }

  #applyWorkload(unit: UnitSpec): void {
    const wanted = workload(unit);
    const now = this.#workloadNow(unit);
    if (now === undefined) {
      this.#apply(wanted);
      return;
    }
    // Server-side apply with pruning: what the repository does not have goes, a restart mark too.
    this.#apply({ ...now, spec: { ...now.spec, ...wanted.spec, replicas: now.spec.replicas } });
  }

  #role(name: string): RoleState | undefined {
    return this.#stage.twin.awsState.role(name);
  }

  #writeTrust(name: string, text: string): void {
    const role = this.#role(name);
    const { awsState } = this.#stage.twin;
    if (role !== undefined && awsState.storedTrust(role).text !== text) awsState.writeTrust(role, text, 'system');
  }

  /** Adds a statement of their own to what is there at this moment. */
  #editTrust(name: string, number: number): void {
    const role = this.#role(name);
    if (role === undefined) return;
    const document = JSON.parse(this.#stage.twin.awsState.storedTrust(role).text) as { Statement: object[] };
    const statement = {
      Sid: `Somebody${number}`,
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111122223333:role/node' },
      Action: 'sts:AssumeRole',
    };
    this.#writeTrust(name, JSON.stringify({ ...document, Statement: [...document.Statement, statement] }));
  }

  #annotate(unit: UnitSpec, arn: string): void {
    const now = this.#stage.twin.kubernetes.object('ServiceAccount', unit.namespace, unit.serviceAccount);
    if (now === undefined) return;
    const annotations = { ...now.metadata.annotations, 'eks.amazonaws.com/role-arn': arn };
    this.#apply({ ...now, metadata: { ...now.metadata, annotations } });
  }

  #deleteAssociation(unit: UnitSpec): void {
    const { awsState } = this.#stage.twin;
    const association = awsState.associationOf(unit.namespace, unit.serviceAccount);
    if (association !== undefined) awsState.deleteAssociation(association, 'system');
  }

  /** What `eksctl create podidentityassociation` does to a role that exists: its trust first, then the association, tried until EKS takes the role. */
  #eksctl(unit: UnitSpec): void {
    const { awsState } = this.#stage.twin;
    const role = this.#role(unit.role);
    if (role === undefined) return;
    const document = JSON.parse(awsState.storedTrust(role).text) as { Statement: object[] };
    const statement = { Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action: ['sts:AssumeRole', 'sts:TagSession'] };
    this.#writeTrust(unit.role, JSON.stringify({ ...document, Statement: [...document.Statement, statement] }));
    const associate = (tries: number): void => {
      try {
        awsState.createAssociation(
          { namespace: unit.namespace, serviceAccount: unit.serviceAccount, roleArn: roleArn(unit.role) },
          'system',
        );
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        if (tries > 0 && error.code === 'InvalidParameterException') this.#later('eksctl', 3_000, () => associate(tries - 1));
      }
    };
    this.#later('eksctl', 1_000, () => associate(10));
  }

  #deleteRole(name: string): void {
    const role = this.#role(name);
    if (role !== undefined) this.#stage.twin.awsState.deleteRole(role, 'system');
  }

  #time(): string {
    return new Date(this.#stage.clock.now()).toISOString();
  }
}

function withMark(object: KubernetesObject, value: string): KubernetesObject {
  const { template } = object.spec;
  const annotations = { ...template.metadata?.annotations, 'kubectl.kubernetes.io/restartedAt': value };
  return { ...object, spec: { ...object.spec, template: { ...template, metadata: { ...template.metadata, annotations } } } };
}
