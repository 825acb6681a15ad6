import type { LimitFunction } from 'p-limit';
import type { KubernetesGateway, KubernetesObject, Resource, ServedResources } from '../../kubernetes/gateway.ts';
import { isPodshiftError } from '../../model/errors.ts';
import type { CustomResourceFacts, IndirectUserFact, LegacyFact, TrustWriterFact } from '../../model/inventory.ts';
import { consumersIn, subjectOf, webIdentityOf } from './find.ts';
import { type AnnotationReader, annotationReaders } from './keda.ts';
import { valuesOfKey } from './names.ts';
import { hasCustomResources, isLookedAt } from './scope.ts';
import { trustWritersIn } from './trust-writers.ts';

/** What the custom resources of a cluster say about service accounts. */
export interface Consumers {
  readonly users: readonly IndirectUserFact[];
  readonly annotationReaders: readonly AnnotationReader[];
  readonly customResources: CustomResourceFacts;
  /** Custom resources whose pods would ask kube2iam or kiam for a role. */
  readonly asking: readonly LegacyFact[];
}

/** Kinds that other reads want whole, by `GROUP/KIND`; they are listed once. */
export type Whole = ReadonlyMap<string, readonly KubernetesObject[]>;

/**
 * One pass over the custom resources that the cluster's discovery names, list by list. A kind that may not be listed, or whose server
 * does not answer, is named as unread, as it says nothing about what is there.
 */
export async function readConsumers(
  kubernetes: KubernetesGateway,
  {
    limit,
    roleKeys,
    keep,
  }: { readonly limit: LimitFunction; readonly roleKeys: ReadonlySet<string>; readonly keep: (group: string) => boolean },
): Promise<Consumers & { readonly whole: Whole }> {
  const { resources, unanswered } = await discovered(kubernetes);
  const users: IndirectUserFact[] = [];
  const keda: KubernetesObject[] = [];
  const asking: LegacyFact[] = [];
  const webIdentity: { subject: string; at: string }[] = [];
  const trustWriters: TrustWriterFact[] = [];
  const unread = unanswered.map((group) => (group === '*' ? group : `*.${group}`));
  const whole = new Map<string, readonly KubernetesObject[]>();

  const look = (object: KubernetesObject): void => {
    const found = consumersIn(object);
    users.push(...found);
    trustWriters.push(...trustWritersIn(object));
    if (object.apiVersion.startsWith('keda.sh/')) keda.push(object);
    const at = found.length === 0 ? webIdentityOf(object) : undefined;
    if (at !== undefined) webIdentity.push({ subject: subjectOf(object), at });
    const [role] = valuesOfKey(object, roleKeys);
    if (role !== undefined) asking.push({ subject: subjectOf(object), kind: 'annotation', name: role });
  };
  await Promise.all(
    resources.filter(isLookedAt).map((resource) =>
      limit(async () => {
        const objects = await listed(kubernetes, resource);
        if (objects === undefined) unread.push(`${resource.plural}.${resource.group}`);
        else if (keep(resource.group)) whole.set(`${resource.group}/${resource.kind}`, objects);
        for (const object of objects ?? []) look(object);
      }),
    ),
  );
  return {
    users,
    annotationReaders: annotationReaders(keda),
    customResources: {
      unread: unread.sort(),
      webIdentity: webIdentity.sort(bySubject),
      ...(trustWriters.length === 0 ? {} : { trustWriters: trustWriters.sort(bySubject) }),
    },
    asking,
    whole,
  };
}

function bySubject(a: { readonly subject: string }, b: { readonly subject: string }): number {
  return a.subject < b.subject ? -1 : 1;
}

/** Discovery is open to everybody who is signed in, unless somebody took that away. */
async function discovered(kubernetes: KubernetesGateway): Promise<ServedResources> {
  try {
    return await kubernetes.discover(hasCustomResources);
  } catch (error) {
    if (isPodshiftError(error, 'KubernetesForbidden')) return { resources: [], unanswered: ['*'] };
    throw error;
  }
}

async function listed(kubernetes: KubernetesGateway, resource: Resource): Promise<KubernetesObject[] | undefined> {
  try {
    const objects = await kubernetes.list(resource);
    const { group, version, kind } = resource;
    return objects.map((object) => ({ ...object, apiVersion: object.apiVersion ?? `${group}/${version}`, kind: object.kind ?? kind }));
  } catch (error) {
    // A conversion webhook that is away fails every list of its kind.
    if (isPodshiftError(error, 'KubernetesForbidden') || isPodshiftError(error, 'ServiceUnavailable')) return undefined;
    throw error;
  }
}
