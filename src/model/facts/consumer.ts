/**
 * What a consumer needs of a service account:
 * - `token`: it exchanges the service account's token itself, by IRSA; `annotation`: it reads the role from the annotation
 * - `pods`: it starts pods as the service account, which get Pod Identity as any other
 * - `nothing`: it only names it; `unknown`: it names it, and podshift does not know the kind
 */
export type ConsumerNeed = 'token' | 'annotation' | 'pods' | 'nothing' | 'unknown';

/** A custom resource that names a service account, without being one of its pods: a consumer. */
export interface IndirectUserFact {
  /** `SecretStore/namespace/name` or `ClusterSecretStore/name`. */
  readonly subject: string;
  /** `*` where it may be of any. */
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Absent in an inventory of an earlier version: a token. */
  readonly needs?: ConsumerNeed;
  /** Absent for a kind that podshift does not know. */
  readonly component?: string;
  /** The field that names it. */
  readonly at?: string;
  /** A field of its text that names the web-identity provider. */
  readonly webIdentity?: string;
}

/** What was seen of custom resources beside the service accounts that they name. */
export interface CustomResourceFacts {
  /** Kinds (`PLURAL.GROUP`) that could not be listed, sorted; `*` stands for all of a group. */
  readonly unread: readonly string[];
  /** Custom resources that name the web-identity provider and no service account. */
  readonly webIdentity: readonly { readonly subject: string; readonly at: string }[];
  /** Those whose controllers write whole trust policies; absent where there is none. */
  readonly trustWriters?: readonly TrustWriterFact[];
}

/** A custom resource by which a controller writes the whole trust policy of a role. */
export interface TrustWriterFact {
  readonly subject: string;
  readonly component: string;
  /** ARN or name. */
  readonly role: string;
  /** The field with the document; null where none takes a statement for Pod Identity. */
  readonly document: string | null;
}
