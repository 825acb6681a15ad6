import type { TwinClock, TwinDelays } from '../contracts.ts';
import type { ClusterDescription, FargateProfileDescription, Snapshot } from '../snapshot.ts';
import { AwsError } from './errors.ts';
import { alphanumerics, fractionOf, uuidOf } from './ids.ts';
import type { Actor, AssociationChange, AssociationState, AwsChange, NewAssociation, RoleState, TrustVersion } from './records.ts';
import { checkRole } from './role-check.ts';
import { compileTrust, type TrustDocument } from './trust-evaluation.ts';

/** Milliseconds by which what a service reads is behind what was written; 0 is a service that reads what it wrote. */
export type ReadsLate = (service: 'iam' | 'eks') => number;

/** The account and its cluster. Reads see what a client would see; writes keep history, so that the past can be asked too. */
export class AwsState {
  readonly snapshot: Snapshot;
  readonly clock: TwinClock;
  readonly delays: TwinDelays;
  readonly accountId: string;
  readonly region: string;
  readonly partition: string;
  readonly cluster: ClusterDescription;
  readonly roles = new Map<string, RoleState>();
  readonly fargateProfiles: readonly FargateProfileDescription[];
  readonly openIdConnectProviders: ReadonlySet<string>;
  /** Living associations by id. */
  readonly associations = new Map<string, AssociationState>();
  readonly #rolesByArn = new Map<string, RoleState>();
  /** Roles that the snapshot's trust policies name as principals. */
  readonly #named = new Set<string>();
  readonly #history = new Map<string, AssociationState[]>();
  readonly #listeners: ((change: AwsChange) => void)[] = [];
  readonly #readsLate: ReadsLate;
  #counter = 0;

  constructor(snapshot: Snapshot, clock: TwinClock, delays: TwinDelays, readsLate: ReadsLate = () => 0) {
    this.#readsLate = readsLate;
    this.snapshot = snapshot;
    this.clock = clock;
    this.delays = delays;
    this.accountId = snapshot.accountId;
    this.region = snapshot.region;
    this.partition = snapshot.partition;
    this.cluster = snapshot.cluster;
    this.fargateProfiles = snapshot.fargateProfiles;
    this.openIdConnectProviders = new Set(snapshot.openIdConnectProviders);
    for (const description of snapshot.roles) {
      const longAgo = Number.NEGATIVE_INFINITY;
      const versions = [{ document: compileTrust(description.trustPolicy), storedAt: longAgo, visibleAt: longAgo }];
      // Policies can be attached to it, and the snapshot is shared.
      const own = { ...description, AttachedManagedPolicies: [...description.AttachedManagedPolicies] };
      const role: RoleState = { description: own, arn: description.Arn, name: description.RoleName, versions };
      this.roles.set(role.name.toLowerCase(), role);
      this.#rolesByArn.set(role.arn, role);
      for (const [arn] of description.trustPolicy.matchAll(/arn:[a-z0-9-]+:iam::\d{12}:role\/[^"\\\s*?]+/g)) this.#named.add(arn);
    }
    for (const one of snapshot.associations) {
      // It has reached every webhook, however young it is.
      const told = Date.parse(one.createdAt ?? '');
      const createdAt = Number.isNaN(told) ? Number.NEGATIVE_INFINITY : Math.min(told, clock.now() - 10 * delays.associationPropagation);
      this.#keep({
        associationId: one.associationId,
        associationArn: one.associationArn,
        namespace: one.namespace,
        serviceAccount: one.serviceAccount,
        roleArn: one.roleArn,
        targetRoleArn: one.targetRoleArn ?? undefined,
        disableSessionTags: one.disableSessionTags ?? false,
        policy: one.policy ?? undefined,
        ownerArn: one.ownerArn ?? undefined,
        tags: { ...one.tags },
        createdAt,
        modifiedAt: Number.isNaN(Date.parse(one.modifiedAt ?? '')) ? createdAt : Date.parse(one.modifiedAt ?? ''),
        clientRequestToken: undefined,
        deletedAt: undefined,
      });
    }
  }

  /** Characters of a trust policy, white space not counted: the account's own quota, or IAM's default (IAM User Guide, "IAM and AWS STS quotas"). */
  get trustSizeLimit(): number {
    return this.snapshot.accountSummary.AssumeRolePolicySizeQuota ?? 2048;
  }

  /** Whether IAM takes an ARN of this account as a principal. An ARN that a trust policy names exists: IAM shows what was deleted by its unique id. */
  principalExists(arn: string): boolean {
    return this.#rolesByArn.has(arn) || arn.includes(':user/') || this.#named.has(arn);
  }

  get clusterArn(): string {
    return this.cluster.arn;
  }

  /** Host and path of the cluster's OIDC issuer, as condition keys and provider ARNs have it; undefined where it has none. */
  get issuer(): string | undefined {
    return this.cluster.identity?.oidc?.issuer?.replace(/^https:\/\//, '');
  }

  /** ARN of the IAM provider of the cluster's issuer, registered or not. */
  get providerArn(): string | undefined {
    return this.issuer === undefined ? undefined : `arn:${this.partition}:iam::${this.accountId}:oidc-provider/${this.issuer}`;
  }

  onChange(listener: (change: AwsChange) => void): void {
    this.#listeners.push(listener);
  }

  emit(change: AwsChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  /** A number never given before, for identifiers. */
  nextNumber(): number {
    this.#counter += 1;
    return this.#counter;
  }

  role(name: string): RoleState | undefined {
    return this.roles.get(name.toLowerCase());
  }

  roleByArn(arn: string): RoleState | undefined {
    return this.#rolesByArn.get(arn);
  }

  /** The role's trust as it was last written. */
  storedTrust(role: RoleState): TrustDocument {
    return (role.versions.at(-1) as TrustVersion).document; // a role has one from its beginning
  }

  /** What IAM answers for the role's trust, which it may read late. */
  readTrust(role: RoleState): TrustDocument {
    return lastVersion(role, 'storedAt', this.clock.now() - this.#readsLate('iam'));
  }

  /** What STS and EKS go by at an instant; by default now. */
  visibleTrust(role: RoleState, at: number = this.clock.now()): TrustDocument {
    return lastVersion(role, 'visibleAt', at);
  }

  /** Makes a role of the account. The document was checked before. */
  createRole(name: string, text: string, tags: RoleState['description']['Tags'], by: Actor): RoleState {
    const arn = `arn:${this.partition}:iam::${this.accountId}:role/${name}`;
    const now = this.clock.now();
    const description: RoleState['description'] = {
      Path: '/',
      RoleName: name,
      RoleId: `AROA${alphanumerics(this.uuid(arn), 17).toUpperCase()}`,
      Arn: arn,
      CreateDate: new Date(now).toISOString(),
      RolePolicyList: [],
      AttachedManagedPolicies: [],
      InstanceProfileList: [],
      Tags: tags,
      trustPolicy: text,
    };
    const visibleAt = now + this.delays.iamPropagation;
    const role: RoleState = { description, arn, name, versions: [{ document: compileTrust(text), storedAt: now, visibleAt }] };
    this.roles.set(name.toLowerCase(), role);
    this.#rolesByArn.set(arn, role);
    this.emit({ kind: 'role-created', by, role });
    this.#whenSpread(() => this.emit({ kind: 'trust-visible', by, role }));
    return role;
  }

  /** Takes a role away; STS and EKS know it until that has spread. */
  deleteRole(role: RoleState, by: Actor): void {
    this.roles.delete(role.name.toLowerCase());
    this.emit({ kind: 'role-deleted', by, role });
    this.#whenSpread(() => {
      if (this.#rolesByArn.get(role.arn) === role) this.#rolesByArn.delete(role.arn);
      this.emit({ kind: 'trust-visible', by, role });
    });
  }

  /** Stores a trust document; STS and EKS see it after the propagation delay. The text was checked before. */
  writeTrust(role: RoleState, text: string, by: Actor): void {
    const before = this.storedTrust(role);
    const after = compileTrust(text);
    const storedAt = this.clock.now();
    role.versions.push({ document: after, storedAt, visibleAt: storedAt + this.delays.iamPropagation });
    this.emit({ kind: 'trust-stored', by, role, before, after });
    this.#whenSpread(() => this.emit({ kind: 'trust-visible', by, role }));
  }

  /** The associations that EKS lists and describes, which it may read late. */
  readAssociations(): readonly AssociationState[] {
    const at = this.clock.now() - this.#readsLate('eks');
    return [...this.#history.values()].flat().filter((one) => one.createdAt <= at && (one.deletedAt === undefined || one.deletedAt > at));
  }

  /** The living association of a service account at an instant, as EKS's own service sees it; by default now. */
  associationOf(namespace: string, serviceAccount: string, at: number = this.clock.now()): AssociationState | undefined {
    return this.#history
      .get(`${namespace}/${serviceAccount}`)
      ?.findLast((one) => one.createdAt <= at && (one.deletedAt === undefined || one.deletedAt > at));
  }

  /** Whether the webhook behind an API server instance sees an association of the service account now. Later instances lag, each by its own share of the delay. */
  webhookSees(namespace: string, serviceAccount: string, instance: number): boolean {
    const now = this.clock.now();
    const history = this.#history.get(`${namespace}/${serviceAccount}`) ?? [];
    return history.some((one) => {
      const lag = (event: string) =>
        this.delays.associationPropagation *
        (1 + (instance === 0 ? 0 : fractionOf(`${one.namespace}/${one.serviceAccount}/${event}/${instance}`)));
      return one.createdAt + lag('create') <= now && (one.deletedAt === undefined || one.deletedAt + lag('delete') > now);
    });
  }

  /** Every service account that has or had an association. */
  everAssociated(): { readonly namespace: string; readonly serviceAccount: string }[] {
    return [...this.#history.values()].flatMap(([one]) =>
      one === undefined ? [] : [{ namespace: one.namespace, serviceAccount: one.serviceAccount }],
    );
  }

  /** Creates an association. Throws the service's errors; a repeated client token gets the first answer again. */
  createAssociation(request: NewAssociation, by: Actor, ownerArn?: string): AssociationState {
    const living = this.associationOf(request.namespace, request.serviceAccount);
    if (living !== undefined) {
      const repeated = request.clientRequestToken !== undefined && living.clientRequestToken === request.clientRequestToken;
      if (repeated && living.roleArn === request.roleArn) return living;
      throw new AwsError('ResourceInUseException', 409, `Association already exists: ${living.associationId}`, {
        clusterName: this.cluster.name,
      });
    }
    checkRole(this, request.roleArn);
    if (request.policy !== undefined && request.disableSessionTags !== true) {
      throw new AwsError('InvalidParameterException', 400, 'A session policy requires disableSessionTags to be true');
    }
    const associationId = `a-${alphanumerics(`${this.clusterArn}/association/${this.nextNumber()}`, 17)}`;
    const now = this.clock.now();
    const association: AssociationState = {
      associationId,
      associationArn: `arn:${this.partition}:eks:${this.region}:${this.accountId}:podidentityassociation/${this.cluster.name}/${associationId}`,
      namespace: request.namespace,
      serviceAccount: request.serviceAccount,
      roleArn: request.roleArn,
      targetRoleArn: request.targetRoleArn,
      disableSessionTags: request.disableSessionTags ?? false,
      policy: request.policy,
      ownerArn,
      tags: { ...request.tags },
      createdAt: now,
      modifiedAt: now,
      clientRequestToken: request.clientRequestToken,
      deletedAt: undefined,
    };
    this.#keep(association);
    this.emit({ kind: 'association-created', by, association });
    return association;
  }

  /** Changes a living association's role, target, flag or policy in place. Throws the service's errors. */
  updateAssociation(association: AssociationState, change: AssociationChange, by: Actor): void {
    if (change.roleArn !== undefined) checkRole(this, change.roleArn);
    const flag = change.disableSessionTags ?? association.disableSessionTags;
    if ((change.policy ?? association.policy) !== undefined && !flag) {
      throw new AwsError('InvalidParameterException', 400, 'A session policy requires disableSessionTags to be true');
    }
    association.roleArn = change.roleArn ?? association.roleArn;
    association.targetRoleArn = change.targetRoleArn ?? association.targetRoleArn;
    association.policy = change.policy ?? association.policy;
    association.disableSessionTags = flag;
    association.modifiedAt = this.clock.now();
    this.emit({ kind: 'association-updated', by, association });
  }

  deleteAssociation(association: AssociationState, by: Actor): void {
    association.deletedAt = this.clock.now();
    this.associations.delete(association.associationId);
    this.emit({ kind: 'association-deleted', by, association });
  }

  /** A UUID that is the same in every replay. */
  uuid(purpose: string): string {
    return uuidOf(`${this.clusterArn}/${purpose}/${this.nextNumber()}`);
  }

  /** Once IAM has told its other services. */
  #whenSpread(action: () => void): void {
    if (this.delays.iamPropagation <= 0) action();
    else this.clock.schedule(this.delays.iamPropagation, action);
  }

  #keep(association: AssociationState): void {
    this.associations.set(association.associationId, association);
    const key = `${association.namespace}/${association.serviceAccount}`;
    const history = this.#history.get(key);
    if (history === undefined) this.#history.set(key, [association]);
    else history.push(association);
  }
}

function lastVersion({ versions }: RoleState, since: 'storedAt' | 'visibleAt', at: number): TrustDocument {
  for (let index = versions.length - 1; index > 0; index -= 1) {
    const version = versions[index] as TrustVersion; // index is within the array
    if (version[since] <= at) return version.document;
  }
  return (versions[0] as TrustVersion).document;
}
