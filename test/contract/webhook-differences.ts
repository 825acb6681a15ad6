import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { injectIdentity } from '../../twin/kubernetes/identity-webhook.ts';
import type { Review } from './webhook-reviews.ts';

/** Where the twin's webhook makes something else of the pod than the real one did, as `PATH: what both made`; none where it does not. */
export function twinDifferences(review: Review): string[] {
  const settings = { flags: review.flags, serviceAccount: review.serviceAccount, associated: review.associated };
  try {
    const [least, most] = [0, 1 - Number.EPSILON].map((jitter) => normal(injectIdentity(review.pod, settings, jitter)));
    const found: string[] = [];
    compare([least, most, normal(review.result)], '', found);
    return found;
  } catch (error) {
    return [`the twin fails: ${(error as Error).message}`];
  }
}

/**
 * An object as it is compared: `null` is absent, and so is an empty value in a container, for the webhook writes containers
 * back by types that leave them out.
 */
function normal(value: unknown, inContainers = false): unknown {
  if (Array.isArray(value)) return value.map((item) => normal(item, inContainers));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, normal(member, inContainers || /^(c|initC)ontainers$/.test(key))] as const)
      .filter(([, member]) => member !== null && member !== undefined && !(inContainers && isEmpty(member))),
  );
}

function isEmpty(value: unknown): boolean {
  return value === '' || value === 0 || value === false || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/** Walks the twin's two extremes, which differ where it jitters, and the real webhook's result side by side. */
function compare([least, most, real]: [unknown, unknown, unknown] | unknown[], path: string, found: string[]): void {
  if (isObject(least) && isObject(most) && isObject(real)) {
    for (const key of new Set([least, most, real].flatMap((one) => Object.keys(one))))
      compare([least[key], most[key], real[key]], path === '' ? key : `${path}.${key}`, found);
    return;
  }
  const range = /^jittered:(\d+)\.\.(\d+)$/.exec(String(real));
  const same =
    range !== null
      ? String(least) === range[1] && String(most) === range[2]
      : least === most
        ? least === real
        : typeof real === 'number' && (least as number) <= real && real <= (most as number);
  if (!same)
    found.push(`${path}: the webhook ${said(real)}, the twin ${said(least)}${least === most ? '' : ` to ${JSON.stringify(most)}`}`);
}

function said(value: unknown): string {
  return value === undefined ? 'has nothing' : `has ${JSON.stringify(value)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Init containers and containers of a pod. */
export function containersOf(pod: KubernetesObject): readonly (Record<string, unknown> & { readonly name: string })[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
}

/** The very same container after the webhook's types, to tell whether it was changed. */
export function canonical(container: unknown): string {
  const sorted = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(sorted)
      : isObject(value)
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([left], [right]) => (left < right ? -1 : 1))
              .map(([key, member]) => [key, sorted(member)]),
          )
        : value;
  return JSON.stringify(sorted(normal(container, true)));
}
