import type { Addon, AddonUpdate, AwsGateways } from '../../src/aws/gateways.ts';
import { configurationHash } from '../../src/inventory/addons.ts';
import { PodshiftError } from '../../src/model/errors.ts';
import type { AddonPlan, UnitPlan } from '../../src/model/plan.ts';
import { addon, beginRun, type FakeMigration, fakeMigration, OIDC_TRUST, planWith, ROLE, RUN, TARGET, unitPlan } from './fake-migration.ts';

/** The add-on of the scene: two service accounts that share a role. */
export const NAME = 'aws-efs-csi-driver';
const ARN = `arn:aws:eks:eu-west-1:111122223333:addon/shop/${NAME}/u`;
export const VALUES = '{"controller":{"replicaCount":2}}';
export const CONTROLLER = { runId: RUN, unitId: 'kube-system/controller' };
export const NODE = { runId: RUN, unitId: 'kube-system/node' };
export const BOTH = [
  { serviceAccount: 'controller', roleArn: ROLE },
  { serviceAccount: 'node', roleArn: ROLE },
];

/** The add-on's part of the plan. */
export const ADDON_PLAN: AddonPlan = {
  name: NAME,
  version: 'v2',
  configurationHash: configurationHash(VALUES),
  before: { serviceAccountRoleArn: ROLE, associations: [] },
  after: { serviceAccountRoleArn: null, associations: BOTH },
};

type UpdateRequest = Parameters<AwsGateways['eks']['updateAddon']>[0];

/** A run that moves an add-on, whose updates EKS carries out at once. */
export interface AddonScene {
  readonly fake: FakeMigration;
  /** The updates that EKS was asked for, oldest first. */
  readonly sent: UpdateRequest[];
  /** How EKS says that its updates went. */
  outcome: AddonUpdate['status'];
  live(): Addon | undefined;
  setLive(changes: Partial<Addon>): void;
  /** Who has a role of the add-on now, by service account. */
  associations(): string[];
}

/** Makes the scene; `more` changes each unit's plan. */
export async function addonScene(more: Partial<UnitPlan> = {}, options: Record<string, unknown> = {}): Promise<AddonScene> {
  const fake = await fakeMigration();
  const { account } = fake;
  const sent: UpdateRequest[] = [];
  const live = (): Addon | undefined => account.addons.get(NAME);
  const setLive = (changes: Partial<Addon>): void => {
    account.addons.set(NAME, { ...addon(NAME), ...live(), ...changes });
  };
  setLive({ addonVersion: 'v2', configurationValues: VALUES, serviceAccountRoleArn: ROLE, namespace: 'kube-system' });
  const units = BOTH.map(({ serviceAccount }) =>
    unitPlan({
      id: `kube-system/${serviceAccount}`,
      namespace: 'kube-system',
      serviceAccount,
      mechanism: 'addon',
      addon: ADDON_PLAN,
      before: { ...unitPlan().before, uid: `uid-${serviceAccount}` },
      ...more,
    }),
  );
  await beginRun(
    fake,
    planWith(units, [{ roleArn: ROLE, roleName: 'orders', trustBefore: OIDC_TRUST, trustAfter: OIDC_TRUST, waves: [] }]),
    options,
  );
  const annotations = { 'eks.amazonaws.com/role-arn': ROLE };
  for (const { serviceAccount: name } of BOTH)
    fake.put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'kube-system', annotations } });
  const scene: AddonScene = {
    fake,
    sent,
    outcome: 'Successful',
    live,
    setLive,
    associations: () => account.associations.map(({ serviceAccount, roleArn }) => `${serviceAccount} ${roleArn}`).sort(),
  };
  const { eks } = fake.runtime.aws(TARGET);
  Object.assign(eks, {
    updateAddon: async (request: UpdateRequest) => {
      const failure = account.failures.updateAddon?.shift();
      if (failure !== undefined) throw new PodshiftError(failure, `Addon ${NAME} cannot be updated as it is currently in UPDATING state`);
      sent.push(request);
      account.writes.push(`update add-on ${request.addonName}`);
      account.associations = request.podIdentityAssociations.map((one, index) => ({
        ...one,
        associationId: `a-${index}`,
        associationArn: `arn:aws:eks:eu-west-1:111122223333:podidentityassociation/shop/a-${index}`,
        namespace: 'kube-system',
        ownerArn: ARN,
        targetRoleArn: undefined,
        disableSessionTags: false,
        tags: {},
        createdAt: new Date(fake.now()).toISOString(),
      }));
      setLive({ serviceAccountRoleArn: request.serviceAccountRoleArn, configurationValues: request.configurationValues });
      const lost = account.failures['updateAddon reply']?.shift();
      if (lost !== undefined) throw new PodshiftError(lost, 'the reply was lost');
      return { updateId: `u-${sent.length}`, status: 'InProgress', errors: [] };
    },
    describeUpdate: async (_: string, updateId: string) => ({
      updateId,
      status: scene.outcome,
      errors: scene.outcome === 'Failed' ? [{ code: 'AdmissionRequestDenied', message: 'a webhook refused it' }] : [],
    }),
  } satisfies Partial<AwsGateways['eks']>);
  return scene;
}
