import type { ServiceAccountName } from '../model/plan.ts';

/** An answer that never guesses: `undecidable` is neither a yes nor a no. */
export type Answer = 'yes' | 'no' | 'undecidable';

/** One statement of a trust policy: where it stands in the text, and what it says. */
export interface TrustStatement {
  /** Offset of its `{` in the policy's text. */
  readonly start: number;
  /** Offset after its `}`. */
  readonly end: number;
  readonly value: Readonly<Record<string, unknown>>;
  /** Its Sid, if it has one that is a string. */
  readonly sid: string | undefined;
  /** Its elements that occur twice, or in which a key does: `value` shows the last one alone, so they decide nothing. */
  readonly doubtful: ReadonlySet<string>;
}

/** A role's trust policy, read but not rewritten: `text` is what every edit starts from. */
export interface TrustPolicy {
  /** The JSON text as IAM stores it, decoded. */
  readonly text: string;
  /** `2008-10-17` where the document names none. */
  readonly version: '2008-10-17' | '2012-10-17';
  readonly statements: readonly TrustStatement[];
  /** Where the value of `Statement` stands in the text. */
  readonly statementStart: number;
  readonly statementEnd: number;
  /** Whether `Statement` is an array; a single object is legal too. */
  readonly isArray: boolean;
}

/** What reading a text gives; `problem` is one sentence. */
export type TrustPolicyResult = { readonly ok: true; readonly policy: TrustPolicy } | { readonly ok: false; readonly problem: string };

/** Why an edit of a trust policy is refused. */
export type TrustProblemCode =
  // the grant
  | 'deny'
  | 'not-principal'
  | 'undecidable'
  | 'dangling-principal'
  | 'too-large'
  | 'foreign-sid'
  | 'invalid-request'
  // the retirement of an issuer's subjects
  | 'wildcard-subject'
  | 'negated-subject'
  | 'several-providers'
  | 'last-statement';

/** A refusal: `message` is one sentence that names the statement. */
export interface TrustProblem {
  readonly code: TrustProblemCode;
  readonly message: string;
}

/** Something to know about a grant that is not refused. */
export type TrustWarningCode = 'already-admitted-unscoped' | 'cluster-scope' | 'version-2008';

/** What is not wrong with a grant, and yet has to be told. */
export interface TrustWarning {
  readonly code: TrustWarningCode;
  readonly message: string;
}

/**
 * How narrow our statement is: `service-account` names cluster, namespace and service account by session tags; `cluster`
 * admits every service account of the cluster, which is what is left where session tags are off.
 */
export type TrustScope = 'service-account' | 'cluster';

/** Which service accounts of which cluster a role may be assumed by. */
export interface Grant {
  readonly clusterArn: string;
  /** The account of the cluster, which is the role's too. */
  readonly accountId: string;
  readonly serviceAccounts: readonly ServiceAccountName[];
  readonly scope: TrustScope;
}

/** A {@link Grant} and the account's quota for trust policies, in characters without white space. */
export interface AdmitRequest extends Grant {
  readonly sizeLimit?: number;
}

/** What becomes of a document that is to admit service accounts. */
export type AdmitResult =
  | { readonly kind: 'changed'; readonly text: string; readonly warnings: readonly TrustWarning[] }
  | { readonly kind: 'unchanged'; readonly warnings: readonly TrustWarning[] }
  | { readonly kind: 'refused'; readonly problem: TrustProblem };

/** Whom our statements no longer admit. */
export interface RevokeRequest {
  readonly clusterArn: string;
  readonly serviceAccounts: readonly ServiceAccountName[] | 'all';
}

/** The service accounts whose subjects leave the statements of their cluster's OIDC provider. */
export interface RetireRequest {
  /** The cluster's issuer, with or without `https://`. */
  readonly issuer: string;
  readonly accountId: string;
  readonly partition: string;
  readonly serviceAccounts: readonly ServiceAccountName[];
}

/** What becomes of a document that is to lose subjects or principals. */
export type RetireResult =
  | { readonly kind: 'changed'; readonly text: string }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly problem: TrustProblem };

/** One `AssumeRoleWithWebIdentity` call with a service account's token. */
export interface WebIdentityRequest {
  readonly providerArn: string;
  /** With or without `https://`. */
  readonly issuer: string;
  /** `system:serviceaccount:NAMESPACE:NAME`. */
  readonly subject: string;
  /** Such as `sts.amazonaws.com`. */
  readonly audience: string;
  /** The region whose endpoint of STS is asked; absent where it is not known. */
  readonly region?: string;
}

/** One `AssumeRole` call by an IAM role, such as that of a node, without external id, tags or MFA. */
export interface RoleRequest {
  readonly principalArn: string;
  /** The role's tags, which its session has as principal tags; absent where they were not read. */
  readonly principalTags?: Readonly<Record<string, string>>;
  /** The caller's session passes its tags on, as one of Pod Identity does: then it needs `sts:TagSession` alone, whatever the tags are. */
  readonly tagged?: boolean;
}

/** One `AssumeRole` call by EKS Pod Identity for a service account. */
export interface PodIdentityRequest {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly accountId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** False for an association with `disableSessionTags`. */
  readonly sessionTags: boolean;
}
