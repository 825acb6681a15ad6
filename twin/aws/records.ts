import type { AddonDescription, SnapshotRole } from '../snapshot.ts';
import type { TrustDocument } from './trust-evaluation.ts';

/** The service principal of EKS Pod Identity, in every partition. */
export const PODS_SERVICE = 'pods.eks.amazonaws.com';

/** A trust document that a role has or had. */
export interface TrustVersion {
  readonly document: TrustDocument;
  /** When it was written, milliseconds. */
  readonly storedAt: number;
  /** From when on STS and EKS see it, milliseconds. */
  readonly visibleAt: number;
}

/** A role of the account. */
export interface RoleState {
  readonly description: SnapshotRole;
  readonly arn: string;
  readonly name: string;
  /** Oldest first; the last is what IAM answers. */
  readonly versions: TrustVersion[];
}

/** An association, also after its deletion: webhooks and agents go on seeing it for a while. */
export interface AssociationState {
  readonly associationId: string;
  readonly associationArn: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  roleArn: string;
  targetRoleArn: string | undefined;
  disableSessionTags: boolean;
  policy: string | undefined;
  readonly ownerArn: string | undefined;
  tags: Record<string, string>;
  readonly createdAt: number;
  modifiedAt: number;
  readonly clientRequestToken: string | undefined;
  deletedAt: number | undefined;
}

/** What CreatePodIdentityAssociation takes. */
export interface NewAssociation {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly targetRoleArn?: string | undefined;
  readonly disableSessionTags?: boolean | undefined;
  readonly policy?: string | undefined;
  readonly tags?: Record<string, string> | undefined;
  readonly clientRequestToken?: string | undefined;
}

/** What UpdatePodIdentityAssociation changes; undefined stays. */
export interface AssociationChange {
  readonly roleArn: string | undefined;
  readonly targetRoleArn: string | undefined;
  readonly disableSessionTags: boolean | undefined;
  readonly policy: string | undefined;
}

/** Who asked for a change: a client over HTTP, or AWS and the world outside. */
export type Actor = 'request' | 'system';

/** Something that changed in the account. */
export type AwsChange =
  | {
      readonly kind: 'trust-stored';
      readonly by: Actor;
      readonly role: RoleState;
      readonly before: TrustDocument;
      readonly after: TrustDocument;
    }
  | { readonly kind: 'trust-visible'; readonly by: Actor; readonly role: RoleState }
  /** IAM has it, or has it no more; `trust-visible` tells when STS and EKS follow. */
  | { readonly kind: 'role-created'; readonly by: Actor; readonly role: RoleState }
  | { readonly kind: 'role-deleted'; readonly by: Actor; readonly role: RoleState }
  | {
      readonly kind: 'association-created' | 'association-updated' | 'association-deleted';
      readonly by: Actor;
      readonly association: AssociationState;
    }
  | {
      readonly kind: 'addon';
      readonly by: Actor;
      readonly addonName: string;
      readonly before: AddonDescription | undefined;
      readonly after: AddonDescription | undefined;
    };
