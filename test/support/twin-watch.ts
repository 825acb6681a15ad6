import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { EksAuthFaults } from '../../twin/aws/eks-auth.ts';
import type { AssociationState } from '../../twin/aws/records.ts';
import type { ObjectChange } from '../../twin/contracts.ts';
import { Watch } from '../../twin/watch.ts';
import {
  irsaStatement,
  podIdentityStatement,
  role,
  roleArn,
  shopParts,
  startTwinAccount,
  type TwinAccount,
  trust,
} from './twin-account.ts';
import { agentPod, deployment, pod } from './twin-pods.ts';

/** Trust of role `cart`: as it is, and with ours added. */
export const IRSA = trust(irsaStatement('shop', 'cart'));
export const BOTH = trust(irsaStatement('shop', 'cart'), podIdentityStatement('shop', 'cart'));

/** What the watch says where all is well. */
export const CLEAN = { credentialGapSeconds: 0, widenedPrincipals: [], foreignWrites: 0 };

/** A running pod of the Deployment that is named as its service account. */
export const running = (
  name: string,
  mode: 'irsa' | 'pod-identity' | 'none',
  serviceAccount = 'cart',
  more: Partial<Parameters<typeof pod>[0]> = {},
): KubernetesObject => pod({ name, serviceAccount, mode, deployment: serviceAccount, ...more });

/** A twin account with a watch over it, and the writes that tests make. */
export interface Watched {
  readonly twin: TwinAccount;
  readonly watch: Watch;
  write(name: string, text: string, by?: 'request' | 'system'): void;
  associate(serviceAccount: string, name: string): AssociationState;
  edit(kind: string, name: string, change: (object: KubernetesObject) => unknown, by?: ObjectChange['by']): void;
}

/** The shop with one running IRSA pod of `cart`, an agent, and the watch begun. */
export async function openWatched(
  options: { trust?: string; pods?: readonly KubernetesObject[]; eksAuthFaults?: EksAuthFaults } = {},
): Promise<Watched> {
  const twin = await startTwinAccount({
    ...(options.eksAuthFaults === undefined ? {} : { eksAuthFaults: options.eksAuthFaults }),
    parts: {
      account: {
        RoleDetailList: [
          role('cart', options.trust ?? IRSA),
          role('mail', trust(irsaStatement('shop', 'mail'))),
          role('free', trust({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' })),
        ],
      },
      objects: [...shopParts().objects, ...deployment('cart', 'cart'), ...deployment('other', 'other')],
    },
  });
  for (const one of [agentPod('node-1'), ...(options.pods ?? [running('cart-a', 'irsa')])]) twin.cluster.apply(one);
  const watch = new Watch({ ...twin, kubernetes: twin.cluster, clock: twin.clock });
  return {
    twin,
    watch,
    write: (name, text, by = 'request') => {
      const found = twin.state.role(name);
      if (found === undefined) throw new Error(`no role ${name}`);
      twin.state.writeTrust(found, text, by);
    },
    associate: (serviceAccount, name) =>
      twin.state.createAssociation({ namespace: 'shop', serviceAccount, roleArn: roleArn(name) }, 'request'),
    edit: (kind, name, change, by = 'request') => {
      const object = twin.cluster.object(kind, 'shop', name);
      if (object === undefined) throw new Error(`no ${kind} ${name}`);
      twin.cluster.put(change(structuredClone(object)) as KubernetesObject, by);
    },
  };
}

/** The object with its pod template restarted. */
export const restart = (object: KubernetesObject): KubernetesObject => ({
  ...object,
  spec: {
    ...object.spec,
    template: {
      ...object.spec.template,
      metadata: { ...object.spec.template.metadata, annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-03-02T09:00:00Z' } },
    },
  },
});

/** The object with these annotations and no others. */
export const annotate =
  (annotations: Record<string, string>) =>
  (object: KubernetesObject): KubernetesObject => ({ ...object, metadata: { ...object.metadata, annotations } });
