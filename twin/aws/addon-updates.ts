import type { KubernetesSide } from '../contracts.ts';
import type { AddonDescription } from '../snapshot.ts';
import { checkWanted, ownedAssociations, replaceOwned, type WantedAssociation } from './addon-associations.ts';
import { configurationOf } from './addon-configuration.ts';
import type { AddonRollouts } from './addon-rollouts.ts';
import type { Addons } from './addons.ts';
import { AwsError } from './errors.ts';
import type { AssociationState } from './records.ts';
import type { AwsState } from './state.ts';

/** What UpdateAddon takes. */
export interface AddonChange {
  readonly addonVersion?: string | undefined;
  readonly serviceAccountRoleArn?: string | undefined;
  readonly configurationValues?: string | undefined;
  /** Undefined leaves the associations as they are; a list replaces all of them. */
  readonly podIdentityAssociations?: readonly WantedAssociation[] | undefined;
  readonly clientRequestToken?: string | undefined;
}

/** An update of an add-on, as DescribeUpdate answers it. */
export interface UpdateState {
  readonly id: string;
  readonly addonName: string;
  readonly clientRequestToken: string | undefined;
  readonly createdAt: number;
  readonly params: readonly { readonly type: string; readonly value: string }[];
  status: 'InProgress' | 'Failed' | 'Successful';
  errors: readonly { readonly errorCode: string; readonly errorMessage: string }[];
}

const ROLE_ANNOTATION = 'eks.amazonaws.com/role-arn';
const TOO_FEW_REPLICAS = 'The add-on is unhealthy because it does not have the desired number of replicas';

/**
 * Updates of add-ons with their surprises (EKS User Guide, "IAM roles for Amazon EKS add-ons"): a list of associations
 * replaces the old one; without a `serviceAccountRoleArn` beside it EKS takes the service account's annotation away itself;
 * it rolls the pods itself; the associations belong to the add-on; and a second update is refused while one runs.
 */
export class AddonUpdates {
  readonly #state: AwsState;
  readonly #addons: Addons;
  readonly #rollouts: AddonRollouts;
  readonly #updates = new Map<string, UpdateState>();
  /** Service accounts that EKS once annotated, by add-on: where a role that is set again goes to. */
  readonly #annotated = new Map<string, Set<string>>();
  readonly #failing = new Set<string>();
  #kubernetes: KubernetesSide | undefined;

  constructor(state: AwsState, addons: Addons, rollouts: AddonRollouts) {
    this.#state = state;
    this.#addons = addons;
    this.#rollouts = rollouts;
  }

  connect(kubernetes: KubernetesSide): void {
    this.#kubernetes = kubernetes;
  }

  /** Makes the add-on's next update fail after its associations were changed and before its pods are. For tests. */
  failNext(addonName: string): void {
    this.#failing.add(addonName);
  }

  ids(addonName: string): string[] {
    return [...this.#updates.values()].filter((update) => update.addonName === addonName).map((update) => update.id);
  }

  /** Throws `ResourceNotFoundException`; an add-on's update is only found by the add-on's name. */
  get(id: string, addonName: string | null): UpdateState {
    const found = this.#updates.get(id);
    if (found === undefined || found.addonName !== addonName)
      throw new AwsError('ResourceNotFoundException', 404, `No update found for ID: ${id}`, { clusterName: this.#state.cluster.name });
    return found;
  }

  /** Starts an update. Throws the service's errors, and then nothing has changed. */
  start(addonName: string, change: AddonChange): UpdateState {
    const addon = this.#addons.get(addonName);
    const known = [...this.#updates.values()].find(
      (one) => one.addonName === addonName && one.clientRequestToken !== undefined && one.clientRequestToken === change.clientRequestToken,
    );
    if (known !== undefined) return known;
    this.#refuse(addon, change);
    const before = ownedAssociations(this.#state, addon);
    const after = change.podIdentityAssociations;
    const associations = after === undefined ? before : replaceOwned(this.#state, this.#addons, addon, after);
    const detaches = after !== undefined && change.serviceAccountRoleArn === undefined;
    const roleArn = detaches ? undefined : (change.serviceAccountRoleArn ?? addon.serviceAccountRoleArn);
    const { serviceAccountRoleArn: _, ...rest } = addon;
    const updating: AddonDescription = {
      ...rest,
      status: 'UPDATING',
      addonVersion: change.addonVersion ?? addon.addonVersion,
      podIdentityAssociations: associations.map((one) => one.associationArn),
      modifiedAt: new Date(this.#state.clock.now()).toISOString(),
      ...(roleArn === undefined ? {} : { serviceAccountRoleArn: roleArn }),
      ...(change.configurationValues === undefined ? {} : { configurationValues: change.configurationValues }),
    };
    const update: UpdateState = {
      id: this.#state.uuid('update'),
      addonName,
      clientRequestToken: change.clientRequestToken,
      createdAt: this.#state.clock.now(),
      params: paramsOf(change),
      status: 'InProgress',
      errors: [],
    };
    this.#updates.set(update.id, update);
    this.#addons.replace(updating, 'request');
    const touched = new Set([...before, ...associations].filter((one) => isChanged(one, before, associations)).map((one) => keyOf(one)));
    if (roleArn !== undefined && roleArn !== addon.serviceAccountRoleArn)
      for (const key of this.#annotate(addon, roleArn)) touched.add(key);
    const detached = addon.serviceAccountRoleArn !== undefined && roleArn === undefined ? addon.serviceAccountRoleArn : undefined;
    // EKS lets an association reach its webhooks before it starts pods that need it.
    const wait = 2 * this.#state.delays.associationPropagation + 1000;
    this.#state.clock.schedule(wait, () => this.#roll(update, touched, detached));
    return update;
  }

  #refuse(addon: AddonDescription, change: AddonChange): void {
    const { name: clusterName } = this.#state.cluster;
    const invalid = (message: string) =>
      new AwsError('InvalidParameterException', 400, message, { clusterName, addonName: addon.addonName });
    const running = [...this.#updates.values()].some((one) => one.addonName === addon.addonName && one.status === 'InProgress');
    if (running || ['CREATING', 'UPDATING', 'DELETING'].includes(addon.status))
      throw new AwsError(
        'ResourceInUseException',
        409,
        `Addon ${addon.addonName} cannot be updated as it is currently in ${addon.status} state`,
        {
          clusterName,
          addonName: addon.addonName,
        },
      );
    const version = change.addonVersion ?? addon.addonVersion;
    if (!this.#addons.offers(addon.addonName, version)) throw invalid('Addon version specified is not supported');
    if (change.configurationValues !== undefined && configurationOf(change.configurationValues) === undefined)
      throw invalid('ConfigurationValue provided in request is not supported: it is neither JSON nor YAML of an object');
    if (change.serviceAccountRoleArn !== undefined && this.#state.roleByArn(change.serviceAccountRoleArn) === undefined)
      throw invalid('Role provided in the request does not exist');
    checkWanted(this.#state, this.#addons, { ...addon, addonVersion: version }, change.podIdentityAssociations ?? []);
  }

  /** Gives the add-on's service accounts the role's annotation. Answers whose. */
  #annotate(addon: AddonDescription, roleArn: string): string[] {
    const namespace = this.#addons.namespaceOf(addon);
    const configured = this.#addons
      .configuration(addon.addonName, addon.addonVersion)
      .podIdentityConfiguration.map((one) => `${namespace}/${one.serviceAccount}`);
    const keys = [...(this.#annotated.get(addon.addonName) ?? configured)];
    for (const key of keys) this.#setAnnotation(key, roleArn);
    return keys;
  }

  #setAnnotation(key: string, roleArn: string | undefined): void {
    const [namespace = '', name = ''] = key.split('/');
    const object = this.#kubernetes?.object('ServiceAccount', namespace, name);
    if (object === undefined) return;
    const { [ROLE_ANNOTATION]: _, ...others } = object.metadata.annotations ?? {};
    const annotations = roleArn === undefined ? others : { ...object.metadata.annotations, [ROLE_ANNOTATION]: roleArn };
    this.#kubernetes?.apply({ ...object, metadata: { ...object.metadata, annotations } });
  }

  /** The second half: annotations that EKS put there go, and the pods are renewed. */
  #roll(update: UpdateState, touched: ReadonlySet<string>, detached: string | undefined): void {
    if (detached !== undefined) this.#detach(update.addonName, detached);
    if (this.#failing.delete(update.addonName)) {
      this.#end(update, 'Failed', 'UPDATE_FAILED', 'AdmissionRequestDenied', 'The update was refused by an admission webhook');
      return;
    }
    const renewed = this.#rollouts.start(touched, (healthy) => {
      if (healthy) this.#end(update, 'Successful', 'ACTIVE');
      else this.#end(update, 'Failed', 'DEGRADED', 'InsufficientNumberOfReplicas', TOO_FEW_REPLICAS);
    });
    if (renewed > 0) this.#setStatus(update.addonName, 'DEGRADED');
  }

  #detach(addonName: string, roleArn: string): void {
    const addon = this.#addons.find(addonName);
    const namespace = addon === undefined ? '' : this.#addons.namespaceOf(addon);
    const accounts = (this.#kubernetes?.objects('ServiceAccount') ?? []).filter(
      (object) => object.metadata.namespace === namespace && object.metadata.annotations?.[ROLE_ANNOTATION] === roleArn,
    );
    const configured =
      addon === undefined
        ? []
        : this.#addons.configuration(addonName, addon.addonVersion).podIdentityConfiguration.map((one) => one.serviceAccount);
    const own = accounts.map((object) => object.metadata.name).filter((name) => configured.includes(name));
    this.#annotated.set(addonName, new Set(own.map((name) => `${namespace}/${name}`)));
    for (const name of own) this.#setAnnotation(`${namespace}/${name}`, undefined);
  }

  #end(update: UpdateState, status: 'Failed' | 'Successful', addonStatus: string, errorCode = '', errorMessage = ''): void {
    update.status = status;
    if (errorCode !== '') update.errors = [{ errorCode, errorMessage }];
    this.#setStatus(update.addonName, addonStatus, errorCode === '' ? [] : [{ code: errorCode, message: errorMessage }]);
  }

  #setStatus(addonName: string, status: string, issues: AddonDescription['health']['issues'] = []): void {
    const addon = this.#addons.find(addonName);
    if (addon !== undefined) this.#addons.replace({ ...addon, status, health: { ...addon.health, issues } }, 'system');
  }
}

function keyOf(association: AssociationState): string {
  return `${association.namespace}/${association.serviceAccount}`;
}

function isChanged(one: AssociationState, before: readonly AssociationState[], after: readonly AssociationState[]): boolean {
  return !before.includes(one) || !after.includes(one);
}

function paramsOf(change: AddonChange): UpdateState['params'] {
  const values: [string, string | undefined][] = [
    ['AddonVersion', change.addonVersion],
    ['ServiceAccountRoleArn', change.serviceAccountRoleArn],
    ['PodIdentityAssociations', change.podIdentityAssociations === undefined ? undefined : JSON.stringify(change.podIdentityAssociations)],
  ];
  return values.flatMap(([type, value]) => (value === undefined ? [] : [{ type, value }]));
}
