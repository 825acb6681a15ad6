import type { KubernetesSide } from '../contracts.ts';
import type { AddonDescription } from '../snapshot.ts';
import { checkWanted, replaceOwned, type WantedAssociation } from './addon-associations.ts';
import type { AddonRollouts } from './addon-rollouts.ts';
import type { Addons, NewAddon } from './addons.ts';
import { AGENT } from './agent-daemonset.ts';
import { AwsError } from './errors.ts';
import type { AwsState } from './state.ts';

/**
 * CreateAddon. Of the agent the twin installs the DaemonSet; of any other add-on it takes over what the cluster has already, as EKS
 * does with `resolveConflicts`: its associations are made first, then its pods are renewed.
 */
export class AddonInstalls {
  readonly #state: AwsState;
  readonly #addons: Addons;
  readonly #rollouts: AddonRollouts;
  #kubernetes: KubernetesSide | undefined;

  constructor(state: AwsState, addons: Addons, rollouts: AddonRollouts) {
    this.#state = state;
    this.#addons = addons;
    this.#rollouts = rollouts;
  }

  connect(kubernetes: KubernetesSide): void {
    this.#kubernetes = kubernetes;
  }

  /** Starts an installation: CREATING, and ACTIVE when the pods are there. Throws the service's errors, and then nothing has changed. */
  start(request: NewAddon, wanted: readonly WantedAssociation[]): AddonDescription {
    if (request.addonName === AGENT || this.#addons.find(request.addonName) !== undefined) return this.#addons.create(request, 'request');
    const addonVersion = this.#addons.pickVersion(request.addonName, request.addonVersion);
    const asked = { addonName: request.addonName, addonVersion };
    const namespace = this.#addons.namespaceOf(asked);
    const served = this.#addons.configuration(request.addonName, addonVersion).podIdentityConfiguration.map((one) => one.serviceAccount);
    if (served.length === 0 || served.some((name) => this.#kubernetes?.object('ServiceAccount', namespace, name) === undefined))
      throw new AwsError(
        'InvalidRequestException',
        400,
        `The twin installs no ${request.addonName}: it takes over what the cluster runs already, and imitates the agent`,
      );
    if (request.serviceAccountRoleArn !== undefined)
      throw new AwsError('InvalidRequestException', 400, 'The twin gives an add-on that it installs its roles by Pod Identity alone');
    checkWanted(this.#state, this.#addons, asked, wanted);
    const created = this.#addons.create(request, 'request');
    const associations = replaceOwned(this.#state, this.#addons, created, wanted);
    const addon = { ...created, podIdentityAssociations: associations.map((one) => one.associationArn) };
    this.#addons.replace(addon, 'request');
    // EKS lets an association reach its webhooks before it starts pods that need it.
    this.#state.clock.schedule(2 * this.#state.delays.associationPropagation + 1000, () =>
      this.#rollouts.start(new Set(wanted.map(({ serviceAccount }) => `${namespace}/${serviceAccount}`)), (healthy) =>
        this.#end(addon, healthy),
      ),
    );
    return addon;
  }

  #end({ addonName }: AddonDescription, healthy: boolean): void {
    const addon = this.#addons.find(addonName);
    if (addon?.status === 'CREATING') this.#addons.replace({ ...addon, status: healthy ? 'ACTIVE' : 'CREATE_FAILED' }, 'system');
  }
}
