import type { KubernetesSide } from '../contracts.ts';
import type { AddonConfiguration, AddonDescription, AddonVersions } from '../snapshot.ts';
import { isValidConfiguration } from './addon-configuration.ts';
import { AGENT, AGENT_NAMESPACE, AGENT_SETS, agentDaemonSets } from './agent-daemonset.ts';
import { AwsError } from './errors.ts';
import type { Actor } from './records.ts';
import type { AwsState } from './state.ts';

/** What CreateAddon takes. */
export interface NewAddon {
  readonly addonName: string;
  readonly addonVersion?: string | undefined;
  readonly serviceAccountRoleArn?: string | undefined;
  readonly configurationValues?: string | undefined;
  readonly tags?: Record<string, string> | undefined;
  readonly clientRequestToken?: string | undefined;
}

/** Where EKS installs add-ons that have no namespace of their own. */
const DEFAULT_NAMESPACE = 'kube-system';

/** The cluster's add-ons. Creating and deleting take time; the agent's brings and takes its DaemonSet. */
export class Addons {
  readonly #state: AwsState;
  readonly #addons = new Map<string, AddonDescription>();
  readonly #tokens = new Map<string, string>();
  #kubernetes: KubernetesSide | undefined;

  constructor(state: AwsState) {
    this.#state = state;
    for (const addon of state.snapshot.addons) this.#addons.set(addon.addonName, addon);
  }

  /** Hands in the cluster that add-ons are installed into. */
  connect(kubernetes: KubernetesSide): void {
    this.#kubernetes = kubernetes;
  }

  names(): string[] {
    return [...this.#addons.keys()].sort();
  }

  /** Throws `ResourceNotFoundException`. */
  get(addonName: string): AddonDescription {
    const addon = this.#addons.get(addonName);
    if (addon === undefined) throw notFound(this.#state, addonName);
    return addon;
  }

  /** Undefined where it is not installed. */
  find(addonName: string): AddonDescription | undefined {
    return this.#addons.get(addonName);
  }

  /** What EKS offers: what the snapshot says, and the agent in any case, as every cluster is offered it. */
  versions(): readonly AddonVersions[] {
    const { addonVersions } = this.#state.snapshot;
    return addonVersions.some((one) => one.addonName === AGENT)
      ? addonVersions
      : [...addonVersions, agentOffer(this.#state.cluster.version)];
  }

  /** Whether EKS has this version of the add-on for the cluster's Kubernetes version. */
  offers(addonName: string, addonVersion: string): boolean {
    const versions = this.versions().find((one) => one.addonName === addonName)?.addonVersions ?? [];
    // A snapshot may lack the list, or a part of it: what is installed was offered.
    if (this.#addons.get(addonName)?.addonVersion === addonVersion) return true;
    return versions.some(
      (version) =>
        version.addonVersion === addonVersion && version.compatibilities.some((one) => one.clusterVersion === this.#state.cluster.version),
    );
  }

  /** The namespace of an add-on's service accounts. */
  namespaceOf(addon: Pick<AddonDescription, 'addonName'> & { readonly namespaceConfig?: unknown }): string {
    const own = (addon.namespaceConfig as { namespace?: string } | undefined)?.namespace;
    const usual = this.versions().find((one) => one.addonName === addon.addonName)?.defaultNamespace;
    return own ?? (typeof usual === 'string' ? usual : DEFAULT_NAMESPACE);
  }

  /** Throws `ResourceNotFoundException` for a version that EKS does not have. */
  configuration(addonName: string, addonVersion: string): AddonConfiguration {
    const found = this.#state.snapshot.addonConfigurations.find((one) => one.addonName === addonName && one.addonVersion === addonVersion);
    if (found !== undefined) return found;
    const known = this.versions().some(
      (one) => one.addonName === addonName && one.addonVersions.some((version) => version.addonVersion === addonVersion),
    );
    const installed = this.#addons.get(addonName)?.addonVersion === addonVersion;
    if (!known && !installed)
      throw new AwsError('ResourceNotFoundException', 404, `Addon ${addonName} version ${addonVersion} was not found`, { addonName });
    return { addonName, addonVersion, configurationSchema: '{}', podIdentityConfiguration: [] };
  }

  /** Puts an add-on on record as CREATING; the agent becomes ACTIVE after the delay, any other by who installs it. Throws the service's errors. */
  create(request: NewAddon, by: Actor): AddonDescription {
    const present = this.#addons.get(request.addonName);
    if (present !== undefined) {
      if (request.clientRequestToken !== undefined && this.#tokens.get(request.addonName) === request.clientRequestToken) return present;
      throw new AwsError('ResourceInUseException', 409, 'Addon already exists.', {
        clusterName: this.#state.cluster.name,
        addonName: request.addonName,
      });
    }
    const addonVersion = this.pickVersion(request.addonName, request.addonVersion);
    const { configurationSchema } = this.configuration(request.addonName, addonVersion);
    if (request.configurationValues !== undefined && !isValidConfiguration(request.configurationValues, configurationSchema))
      throw new AwsError('InvalidParameterException', 400, 'ConfigurationValue provided in request is not supported', {
        addonName: request.addonName,
        clusterName: this.#state.cluster.name,
      });
    const now = new Date(this.#state.clock.now()).toISOString();
    const arn = `arn:${this.#state.partition}:eks:${this.#state.region}:${this.#state.accountId}:addon/${this.#state.cluster.name}/${request.addonName}/${this.#state.uuid('addon')}`;
    const addon: AddonDescription = {
      addonName: request.addonName,
      clusterName: this.#state.cluster.name,
      status: 'CREATING',
      addonVersion,
      addonArn: arn,
      health: { issues: [] },
      podIdentityAssociations: [],
      createdAt: now,
      modifiedAt: now,
      tags: { ...request.tags },
      ...(request.serviceAccountRoleArn === undefined ? {} : { serviceAccountRoleArn: request.serviceAccountRoleArn }),
      ...(request.configurationValues === undefined ? {} : { configurationValues: request.configurationValues }),
    };
    if (request.clientRequestToken !== undefined) this.#tokens.set(request.addonName, request.clientRequestToken);
    this.#set(request.addonName, addon, by);
    if (request.addonName === AGENT) this.#installAgent(arn);
    return addon;
  }

  #installAgent(arn: string): void {
    // The DaemonSet comes first and its pods start; the add-on turns ACTIVE when they should be there.
    const wait = this.#state.delays.addonActive;
    this.#state.clock.schedule(wait / 2, () => this.#ifStill(arn, 'CREATING', (current) => this.#bringAgent(current)));
    this.#state.clock.schedule(wait, () =>
      this.#ifStill(arn, 'CREATING', (current) =>
        this.#set(AGENT, { ...current, status: 'ACTIVE', modifiedAt: this.#nowText() }, 'system'),
      ),
    );
  }

  /** Starts a removal: DELETING, and gone after the delay. Throws `ResourceNotFoundException`, `ResourceInUseException`. */
  delete(addonName: string, preserve: boolean, by: Actor): AddonDescription {
    const addon = this.get(addonName);
    if (addon.status === 'DELETING')
      throw new AwsError('ResourceInUseException', 409, 'Addon is being deleted.', { clusterName: this.#state.cluster.name, addonName });
    if (addonName !== AGENT)
      throw new AwsError('InvalidRequestException', 400, `The twin does not imitate the removal of add-on ${addonName} yet`);
    const deleting = { ...addon, status: 'DELETING', modifiedAt: this.#nowText() };
    this.#set(addonName, deleting, by);
    const wait = this.#state.delays.addonActive;
    this.#state.clock.schedule(wait / 2, () => {
      if (!preserve) for (const name of AGENT_SETS) this.#kubernetes?.remove('DaemonSet', AGENT_NAMESPACE, name);
    });
    this.#state.clock.schedule(wait, () => this.#ifStill(addon.addonArn, 'DELETING', () => this.#set(addonName, undefined, 'system')));
    return deleting;
  }

  /** Replaces an add-on's tags or status from outside, as the world may. */
  replace(addon: AddonDescription, by: Actor): void {
    this.#set(addon.addonName, addon, by);
  }

  /** The version that CreateAddon takes. Throws `InvalidParameterException`. */
  pickVersion(addonName: string, wanted: string | undefined): string {
    const versions = this.versions().find((one) => one.addonName === addonName)?.addonVersions ?? [];
    const fitting = versions.filter((version) => version.compatibilities.some((one) => one.clusterVersion === this.#state.cluster.version));
    const chosen =
      wanted === undefined
        ? (fitting.find((version) =>
            version.compatibilities.some((one) => one.clusterVersion === this.#state.cluster.version && one.defaultVersion),
          ) ?? fitting[0])
        : fitting.find((version) => version.addonVersion === wanted);
    if (chosen === undefined)
      throw new AwsError('InvalidParameterException', 400, 'Addon version specified is not supported', {
        addonName,
        clusterName: this.#state.cluster.name,
      });
    return chosen.addonVersion;
  }

  #set(addonName: string, after: AddonDescription | undefined, by: Actor): void {
    const before = this.#addons.get(addonName);
    if (after === undefined) this.#addons.delete(addonName);
    else this.#addons.set(addonName, after);
    this.#state.emit({ kind: 'addon', by, addonName, before, after });
  }

  #ifStill(addonArn: string | undefined, status: string, action: (addon: AddonDescription) => void): void {
    const addon = [...this.#addons.values()].find((one) => one.addonArn === addonArn && one.status === status);
    if (addon !== undefined) action(addon);
  }

  #bringAgent({ addonVersion, configurationValues }: AddonDescription): void {
    const sets = agentDaemonSets(this.#state.region, this.#state.cluster.name, addonVersion, configurationValues);
    for (const set of sets) this.#kubernetes?.apply(set);
  }

  #nowText(): string {
    return new Date(this.#state.clock.now()).toISOString();
  }
}

function notFound(state: AwsState, addonName: string): AwsError {
  return new AwsError('ResourceNotFoundException', 404, `No addon: ${addonName} found in cluster: ${state.cluster.name}`, {
    clusterName: state.cluster.name,
    addonName,
  });
}

function agentOffer(clusterVersion: string): AddonVersions {
  return {
    addonName: AGENT,
    type: 'security',
    owner: 'aws',
    publisher: 'eks',
    addonVersions: [
      {
        addonVersion: 'v1.3.4-eksbuild.1',
        architecture: ['amd64', 'arm64'],
        computeTypes: ['ec2'],
        compatibilities: [{ clusterVersion, platformVersions: ['*'], defaultVersion: true }],
        requiresConfiguration: false,
        requiresIamPermissions: false,
      },
    ],
  };
}
