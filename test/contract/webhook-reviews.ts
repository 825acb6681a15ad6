import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { DEFAULT_FLAGS, type WebhookFlags } from '../../twin/kubernetes/webhook/flags.ts';

/** One pod that was sent to the real webhook, and what it made of it. */
export interface Review {
  readonly name: string;
  readonly flags: WebhookFlags;
  /** Undefined where the webhook's cache had no service account of the pod's name. */
  readonly serviceAccount: Pick<KubernetesObject, 'metadata'> | undefined;
  readonly associated: boolean;
  readonly pod: KubernetesObject;
  /** The pod after the webhook's patch; the pod itself where it answered none. */
  readonly result: KubernetesObject;
}

/** Reviews with where they come from. */
export interface Reviews {
  readonly provenance: string;
  readonly reviews: readonly Review[];
}

const podSchema = z.looseObject({ metadata: z.looseObject({ namespace: z.string().optional() }), spec: z.looseObject({}) });

const reviewSchema = z.object({
  name: z.string().min(1),
  config: z.object({
    flags: z.string(),
    identities: z.array(z.object({ namespace: z.string(), serviceAccount: z.string() })),
  }),
  serviceAccount: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).nullish() }).nullable(),
  pod: podSchema,
  // What was left alone is written out or named so.
  result: z.union([podSchema, z.literal('unchanged')]),
});

const flagsSchema = z.strictObject({
  annotationPrefix: z.string(),
  tokenAudience: z.string(),
  tokenMountPath: z.string(),
  tokenExpiration: z.int(),
  awsDefaultRegion: z.string(),
  stsRegionalEndpoint: z.boolean(),
  containerCredentialsAudience: z.string(),
  containerCredentialsTokenMountPath: z.string(),
  containerCredentialsTokenVolumeName: z.string(),
  containerCredentialsTokenPath: z.string(),
  containerCredentialsFullUri: z.string(),
} satisfies Record<keyof WebhookFlags, z.ZodType>);

const headSchema = z.object({ provenance: z.string().min(1), flags: z.record(z.string(), flagsSchema.partial()) });

/**
 * Reads a file of reviews: a list whose first item is the provenance with the sets of flags, each other one a review. Throws
 * an `Error` that names the file and what is wrong in it.
 */
export async function readReviews(path: string): Promise<Reviews> {
  const problem = (text: string, cause?: unknown): Error => new Error(`the webhook's reviews in ${path}: ${text}`, { cause });
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw problem(error.code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${error.code})`, error);
  });
  let items: unknown;
  try {
    items = JSON.parse(text);
  } catch (error) {
    throw problem(`the file is no JSON (${(error as Error).message})`, error);
  }
  if (!Array.isArray(items) || items.length < 2) throw problem('expected a list of the provenance and at least one review');
  const checked = <T>(schema: z.ZodType<T>, value: unknown, where: string): T => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw problem(`${[where, ...(issue?.path ?? [])].join('.')}: ${issue?.message}`);
  };
  const head = checked(headSchema, items[0], 'item 0');
  const reviews = items.slice(1).map((item, index): Review => {
    const { name, config, serviceAccount, pod, result } = checked(reviewSchema, item, `item ${index + 1}`);
    const flags = head.flags[config.flags];
    if (flags === undefined) throw problem(`item ${index + 1}: no set of flags is named ${config.flags}`);
    const { namespace = '' } = pod.metadata;
    const wanted = pod.spec.serviceAccountName ?? '';
    const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as Partial<WebhookFlags>;
    return {
      name,
      flags: { ...DEFAULT_FLAGS, ...given },
      serviceAccount:
        serviceAccount?.name === wanted
          ? { metadata: { name: serviceAccount.name, namespace, annotations: serviceAccount.annotations ?? {} } }
          : undefined,
      associated: config.identities.some((one) => one.namespace === namespace && one.serviceAccount === wanted),
      pod: pod as unknown as KubernetesObject,
      result: (result === 'unchanged' ? pod : result) as unknown as KubernetesObject,
    };
  });
  return { provenance: head.provenance, reviews };
}
