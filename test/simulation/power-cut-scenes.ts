import { EXAMPLE, KUBE2IAM, type Scene, snapshotOf } from './scenario.ts';

const OPTIONS = { soakSeconds: 60, injectionChecks: 3 } as const;

/** One service account on IRSA, all steps. */
export const ONE_ACCOUNT: Scene = {
  name: 'one service account of the shop',
  snapshot: () => snapshotOf(EXAMPLE),
  options: { ...OPTIONS, namespaces: ['media'] },
};

/** The add-ons of the shop, and the service account beside them. */
export const ADDONS: Scene = {
  name: 'the add-ons of the shop',
  snapshot: () => snapshotOf(EXAMPLE),
  options: { ...OPTIONS, namespaces: ['kube-system'] },
};

/** A service account on kube2iam that is split by role. */
export const SPLIT: Scene = {
  name: 'a split service account on kube2iam',
  snapshot: () => snapshotOf(KUBE2IAM),
  options: { ...OPTIONS, serviceAccounts: ['press/courier'] },
};
