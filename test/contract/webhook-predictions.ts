import { findOverrides } from '../../src/inventory/overrides.ts';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { skippedContainers } from '../../src/model/webhook/skip-containers.ts';
import { injectionOf } from '../../src/verification/injection.ts';
import { injectIdentity } from '../../twin/kubernetes/identity-webhook.ts';
import { withKnownFields } from '../../twin/kubernetes/webhook/container-fields.ts';
import { DEFAULT_FLAGS } from '../../twin/kubernetes/webhook/flags.ts';
import { canonical, containersOf } from './webhook-differences.ts';
import type { Review } from './webhook-reviews.ts';

/** Variables and volumes that the webhook adds, in either of its modes. */
const VARIABLES = new Set([
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
]);
const VOLUMES = new Set(['aws-iam-token', 'eks-pod-identity-token']);
const NAMED = [
  'tokenMountPath',
  'containerCredentialsTokenMountPath',
  'containerCredentialsTokenVolumeName',
  'containerCredentialsTokenPath',
] as const;
const AGENT = /^http:\/\/(169\.254\.170\.23|\[fd00:ec2::23\])\//;

interface Named {
  readonly name: string;
}

/**
 * Where the product says something of a pod that the real webhook does not bear out: which containers it leaves alone, on
 * which way those are that it made, and what in a live pod is the webhook's and what the owner's. None where all is right.
 */
export function productDifferences(review: Review): string[] {
  try {
    return differencesOf(review);
  } catch (error) {
    return [`the product fails: ${(error as Error).message}`];
  }
}

function differencesOf(review: Review): string[] {
  const { pod, result, flags } = review;
  // Where a token is mounted the product knows of the webhook that EKS runs, not of others that name it elsewhere.
  const isUsual = NAMED.every((flag) => flags[flag] === DEFAULT_FLAGS[flag]);
  const isMutated = review.associated || (review.serviceAccount?.metadata.annotations?.[`${flags.annotationPrefix}/role-arn`] ?? '') !== '';
  if (!isMutated) return [];
  return [...skips(review), ...(isUsual ? [...ways(review), ...foretold(review), ...overrides(pod, result, flags.annotationPrefix)] : [])];
}

/** A container is left alone where nothing of it changed though the webhook would change it but for the annotation. */
function skips({ pod, result, flags, serviceAccount, associated }: Review): string[] {
  const key = `${flags.annotationPrefix}/skip-containers`;
  const annotations = Object.fromEntries(Object.entries(pod.metadata.annotations ?? {}).filter(([name]) => name !== key));
  const unasked = injectIdentity({ ...pod, metadata: { ...pod.metadata, annotations } }, { flags, serviceAccount, associated }, 0);
  const [sent, made, would] = [pod, result, unasked].map(containersOf) as [Containers, Containers, Containers];
  const skipped = skippedContainers(pod.metadata.annotations, flags.annotationPrefix);
  return sent.flatMap((container, index) => {
    const before = canonical(withKnownFields(container));
    if (canonical(would[index]) === before) return [];
    const leftAlone = canonical(made[index]) === before;
    return leftAlone === skipped.has(container.name)
      ? []
      : [`container ${container.name}: the webhook ${leftAlone ? 'leaves it alone' : 'changes it'}, the product thinks not`];
  });
}

type Containers = ReturnType<typeof containersOf>;

/** The way of each container that has nothing of its own that is named as what the webhook adds. */
function ways({ pod, result, flags, associated }: Review): string[] {
  const ownNames = (container: Record<string, unknown>): readonly Named[] => [
    ...((container.env ?? []) as readonly Named[]),
    ...((container.volumeMounts ?? []) as readonly Named[]),
  ];
  const untouched = new Set(
    containersOf(pod)
      .filter((container) => !ownNames(container).some(({ name }) => VARIABLES.has(name) || VOLUMES.has(name)))
      .map(({ name }) => name),
  );
  if ((pod.spec.volumes ?? []).some(({ name }: Named) => VOLUMES.has(name))) return [];
  const expected = !associated ? 'old' : AGENT.test(flags.containerCredentialsFullUri) ? 'new' : 'none';
  const refused = new Set(
    containersOf(result)
      .filter(hasTwoAtOnePath)
      .map(({ name }) => name),
  );
  return injectionOf(result, flags.annotationPrefix).flatMap(({ container, way }) => {
    const wanted = refused.has(container) && expected !== 'none' ? 'unserved' : expected;
    return !untouched.has(container) || way === wanted
      ? []
      : [`container ${container}: the webhook put it on the way ${wanted}, the product sees ${way}`];
  });
}

/** What no API server takes, and nobody can say which of the two the process would see. */
function hasTwoAtOnePath(container: Record<string, unknown>): boolean {
  const paths = ((container.volumeMounts ?? []) as readonly { readonly mountPath?: string }[]).map(({ mountPath }) => mountPath);
  return new Set(paths).size < paths.length;
}

/** What the product foretells of a template's token is what the webhook's result shows, wherever the webhook added its variables. */
function foretold({ pod, result, flags, associated }: Review): string[] {
  const way = associated ? 'new' : 'old';
  const variable = associated ? 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE' : 'AWS_WEB_IDENTITY_TOKEN_FILE';
  const hasVariable = (container: Record<string, unknown> | undefined): boolean =>
    ((container?.env ?? []) as readonly Named[]).some(({ name }) => name === variable);
  const sent = containersOf(pod);
  const added = new Set(
    containersOf(result)
      .filter((container, index) => hasVariable(container) && !hasVariable(sent[index]))
      .map(({ name }) => name),
  );
  const { overrides } = findOverrides(pod.spec, pod.metadata.annotations ?? {}, { prefix: flags.annotationPrefix, live: false });
  const kinds = associated ? ['token-volume', 'token-mount'] : ['irsa-token'];
  const problems = new Set(overrides.filter(({ kind }) => kinds.includes(kind)).map(({ container }) => container));
  return injectionOf(result, flags.annotationPrefix).flatMap((one) => {
    // Another address than the agent's is no way of the product's.
    if (!added.has(one.container) || one.way === 'none') return [];
    const served = one.way === way;
    return served !== problems.has(one.container)
      ? []
      : [`container ${one.container}: its token is ${served ? '' : 'not '}served, the product foretells otherwise`];
  });
}

/** Of a live pod the webhook's work adds nothing to what the owner set, and hides nothing of it. */
function overrides(pod: KubernetesObject, result: KubernetesObject, prefix: string): string[] {
  const of = (object: KubernetesObject): string[] =>
    findOverrides(object.spec, object.metadata.annotations ?? {}, { prefix, live: true }).overrides.map(
      ({ container, kind, name }) => `container ${container}: ${kind} ${name}`,
    );
  const [before, after] = [of(pod), of(result)];
  return [
    ...before.filter((one) => !after.includes(one)).map((one) => `${one} is the owner's, and the product takes it for the webhook's`),
    ...after.filter((one) => !before.includes(one)).map((one) => `${one} is the webhook's, and the product takes it for the owner's`),
  ];
}
