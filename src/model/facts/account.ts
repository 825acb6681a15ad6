import type { OwnerFact } from '../owner.ts';

/** A role that a service account names, with its trust policy as IAM stores it, decoded. */
export interface RoleFacts {
  readonly arn: string;
  readonly name: string;
  readonly trustPolicy: string;
  readonly owners: readonly OwnerFact[];
  /** Absent where the permission policies may not be read. */
  readonly policies?: PolicyFacts;
  /** The account's roles that it may assume: those that its permissions name by their whole ARNs, and those whose trust policies name it. */
  readonly chained?: readonly TrustingRole[];
}

/** A role that trusts somebody of this cluster, with its trust policy as IAM stores it, decoded. */
export interface TrustingRole {
  readonly arn: string;
  readonly trustPolicy: string;
}

/** What a role's permission policies say that another way to the role can break. */
export interface PolicyFacts {
  /** The resources that they allow sts:AssumeRole on, by that action's name; sorted. */
  readonly assumes: readonly string[];
  /** They allow actions of MSK's IAM access control, which knows a client by its session. */
  readonly usesKafka: boolean;
  /** Condition keys that hold the session's name. */
  readonly sessionKeys: readonly string[];
}

/** An SDK that exchanged a service account's token by IRSA, and is too old for Pod Identity. */
export interface OldSdkFact {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly sdk: string;
  readonly version: string;
  readonly minimum: string;
}

/** A role that a service account's token was exchanged for, as CloudTrail shows it. */
export interface TokenUseFact {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
}
