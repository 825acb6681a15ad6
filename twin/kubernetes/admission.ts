import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { AwsSide } from '../contracts.ts';
import { withDefaults } from './defaults.ts';
import { injectIdentity, SKIP_LABEL } from './identity-webhook.ts';
import type { Kind, KindRegistry } from './kinds.ts';
import { forbidden } from './status.ts';
import type { Store } from './store.ts';
import { eksFlags } from './webhook/flags.ts';

/** What happens to an object between the request and the store. */
export interface Admission {
  /**
   * A new object as admitted by API server instance `instance`; throws the `ApiError` of a refusal. It asks nothing of
   * the store but whether the service account exists, so that a dry run is admitted in the same way.
   */
  create(kind: Kind, object: KubernetesObject, instance: number): KubernetesObject;
}

/** Admission with defaults, the ServiceAccount plugin and the pod identity webhook. */
export function createAdmission(settings: {
  readonly store: Store;
  readonly kinds: KindRegistry;
  readonly aws: AwsSide;
  readonly region: string | undefined;
  readonly ipv6: boolean;
}): Admission {
  const { store, kinds, aws } = settings;
  const flags = eksFlags(settings);
  const serviceAccounts = kinds.byKind('', 'ServiceAccount') as Kind;
  let admitted = 0;

  const admitPod = (kind: Kind, pod: KubernetesObject, instance: number): KubernetesObject => {
    const { namespace = '', name } = pod.metadata;
    const accountName: string = pod.spec.serviceAccountName || pod.spec.serviceAccount || 'default';
    const serviceAccount = store.get(serviceAccounts, namespace, accountName);
    if (serviceAccount === undefined) {
      throw forbidden(
        kind,
        name,
        `error looking up service account ${namespace}/${accountName}: serviceaccount "${accountName}" not found`,
      );
    }
    const named = {
      ...pod,
      spec: {
        ...pod.spec,
        serviceAccountName: accountName,
        serviceAccount: accountName,
        ...(pod.spec.imagePullSecrets === undefined && serviceAccount.imagePullSecrets !== undefined
          ? { imagePullSecrets: serviceAccount.imagePullSecrets }
          : {}),
      },
    };
    // The webhook's objectSelector asks whether the label exists, whatever its value.
    if (pod.metadata.labels?.[SKIP_LABEL] !== undefined) return named;
    admitted += 1;
    const associated = aws.webhookSeesAssociation(namespace, accountName, instance);
    // The golden ratio's multiples spread evenly, and the same run gives the same lifetimes.
    const jitter = (admitted * 0.618_033_988_749_895) % 1;
    // What a webhook adds is defaulted like the rest.
    return withDefaults(injectIdentity(named, { flags, serviceAccount, associated }, jitter));
  };

  return {
    create: (kind, object, instance) => {
      if (kind.custom) {
        return object;
      }
      const complete = withDefaults(object);
      return kind.kind === 'Pod' ? admitPod(kind, complete, instance) : complete;
    },
  };
}
