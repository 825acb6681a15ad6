import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { KubernetesSide } from '../contracts.ts';
import { EKS_RESTARTED_AT, isRolledOut, podTemplateOf } from './addon-pods.ts';
import type { AwsState } from './state.ts';

/** How often EKS looks at the pods before it gives up. */
const LOOKS = 40;

/** Renews the pods of add-ons' service accounts, as EKS does by itself. */
export class AddonRollouts {
  readonly #state: AwsState;
  #kubernetes: KubernetesSide | undefined;

  constructor(state: AwsState) {
    this.#state = state;
  }

  connect(kubernetes: KubernetesSide): void {
    this.#kubernetes = kubernetes;
  }

  /**
   * Renews the pods of these service accounts (`NAMESPACE/NAME`), and says by `end` whether they all came back. Answers how many
   * workloads it renews.
   */
  start(serviceAccounts: ReadonlySet<string>, end: (healthy: boolean) => void): number {
    const workloads = ['Deployment', 'DaemonSet', 'StatefulSet'].flatMap((kind) =>
      (this.#kubernetes?.objects(kind) ?? []).filter((object) =>
        serviceAccounts.has(`${object.metadata.namespace}/${podTemplateOf(object)?.spec?.serviceAccountName}`),
      ),
    );
    const at = new Date(this.#state.clock.now()).toISOString();
    for (const workload of workloads) this.#kubernetes?.apply(marked(workload, at));
    this.#await(workloads, LOOKS, end);
    return workloads.length;
  }

  #await(workloads: readonly KubernetesObject[], looks: number, end: (healthy: boolean) => void): void {
    this.#state.clock.schedule(Math.max(1000, this.#state.delays.addonActive), () => {
      const now = workloads.map((one) => this.#kubernetes?.object(one.kind, one.metadata.namespace, one.metadata.name));
      if (now.every((object) => object === undefined || isRolledOut(object))) end(true);
      else if (looks > 1) this.#await(workloads, looks - 1, end);
      else end(false);
    });
  }
}

function marked(workload: KubernetesObject, at: string): KubernetesObject {
  const { template } = workload.spec;
  const annotations = { ...template.metadata?.annotations, [EKS_RESTARTED_AT]: at };
  return { ...workload, spec: { ...workload.spec, template: { ...template, metadata: { ...template.metadata, annotations } } } };
}
