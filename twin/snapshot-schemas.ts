import { z } from 'zod';
import { reader } from './snapshot-reader.ts';

// Members that the services' models call optional are optional here too, but for what names a thing: without it nothing can be said of it.
// Times come from the AWS CLI as RFC 3339 text, and from its older version 1 as seconds.
/** A time: RFC 3339 text as it is, seconds as RFC 3339 text. */
export const time = z
  .union([z.string(), z.number()])
  .transform((value) => (typeof value === 'number' ? new Date(value * 1000).toISOString() : value));
const textMap = z.record(z.string(), z.string()).default({});
/** The ARN of an IAM role. */
export const roleArn = z.string().regex(/^arn:[a-z0-9-]+:iam::\d{12}:role\/.+$/, 'expected the ARN of an IAM role');
/** What names a thing: not empty. */
export const name = z.string().min(1);

const cluster = z.looseObject({
  name,
  arn: z.string().regex(/^arn:[a-z0-9-]+:eks:[a-z0-9-]+:\d{12}:cluster\/.+$/, 'expected the ARN of an EKS cluster'),
  /** Empty where EKS does not know it, as of a registered cluster that is not connected yet. */
  version: z.string().default(''),
  status: z.string().default('ACTIVE'),
  platformVersion: z.string().default(''),
  createdAt: time.optional(),
  identity: z.looseObject({ oidc: z.looseObject({ issuer: z.string().optional() }).optional() }).optional(),
  accessConfig: z.looseObject({ authenticationMode: z.string().optional() }).optional(),
  kubernetesNetworkConfig: z.looseObject({ ipFamily: z.string().optional() }).optional(),
  computeConfig: z.looseObject({ enabled: z.boolean().optional() }).optional(),
  connectorConfig: z.looseObject({}).optional(),
  tags: textMap,
});

const addon = z.looseObject({
  addonName: name,
  clusterName: name.optional(),
  status: z.string().default('ACTIVE'),
  addonVersion: name,
  addonArn: z.string().optional(),
  serviceAccountRoleArn: z.string().optional(),
  configurationValues: z.string().optional(),
  podIdentityAssociations: z.array(z.string()).default([]),
  namespaceConfig: z.looseObject({ namespace: z.string().optional() }).optional(),
  health: z
    .looseObject({ issues: z.array(z.looseObject({ code: z.string().optional(), message: z.string().optional() })).default([]) })
    .default({ issues: [] }),
  createdAt: time.optional(),
  modifiedAt: time.optional(),
  tags: textMap,
});

const addonConfiguration = z.looseObject({
  addonName: name,
  addonVersion: name,
  configurationSchema: z.string().optional(),
  podIdentityConfiguration: z
    .array(z.looseObject({ serviceAccount: z.string().default(''), recommendedManagedPolicies: z.array(z.string()).default([]) }))
    .default([])
    .transform((list) => list.filter(({ serviceAccount }) => serviceAccount !== '')),
});

const addonVersions = z.looseObject({
  addonName: name,
  type: z.string().optional(),
  defaultNamespace: z.string().optional(),
  addonVersions: z
    .array(
      z.looseObject({
        addonVersion: z.string().default(''),
        compatibilities: z
          .array(
            z.looseObject({
              clusterVersion: z.string().default(''),
              platformVersions: z.array(z.string()).default(['*']),
              defaultVersion: z.boolean().default(false),
            }),
          )
          .default([]),
      }),
    )
    .default([])
    .transform((list) => list.filter(({ addonVersion }) => addonVersion !== '')),
});

const association = z.looseObject({
  clusterName: name.optional(),
  namespace: name,
  serviceAccount: name,
  roleArn,
  associationArn: z.string().optional(),
  associationId: name,
  tags: textMap,
  createdAt: time.optional(),
  modifiedAt: time.optional(),
  ownerArn: z.string().optional(),
  targetRoleArn: z.string().optional(),
  disableSessionTags: z.boolean().optional(),
  externalId: z.string().optional(),
  policy: z.string().optional(),
});

const fargateProfile = z.looseObject({
  fargateProfileName: name,
  clusterName: name.optional(),
  // A selector must have a namespace; one without it takes no pod.
  selectors: z.array(z.looseObject({ namespace: z.string().default(''), labels: textMap })).default([]),
  status: z.string().default('ACTIVE'),
});

const nodegroup = z.looseObject({
  nodegroupName: name,
  clusterName: name.optional(),
  nodeRole: roleArn.optional(),
});

const accessEntry = z.looseObject({
  clusterName: name.optional(),
  principalArn: name,
  type: z.string().default('STANDARD'),
});

const providers = z.looseObject({ OpenIDConnectProviderList: z.array(z.looseObject({ Arn: z.string().optional() })).default([]) });
const summary = z.looseObject({ SummaryMap: z.record(z.string(), z.number()).default({}) });

const trailEvent = z.looseObject({
  EventId: z.string().default(''),
  EventName: z.string().default(''),
  EventSource: z.string().default(''),
  EventTime: time.optional(),
  ReadOnly: z.union([z.string(), z.boolean()]).default('false').transform(String),
  Username: z.string().optional(),
  Resources: z.array(z.looseObject({ ResourceType: z.string().default(''), ResourceName: z.string().default('') })).default([]),
  CloudTrailEvent: z.string().default('{}'),
});
const trail = z.looseObject({ Events: z.array(trailEvent).default([]) });

const capture = z.looseObject({
  takenAt: z.string().optional(),
  kinds: z
    .array(
      z.looseObject({
        group: z.string().default(''),
        version: z.string().default('v1'),
        kind: name,
        plural: z.string().optional(),
        namespaced: z.boolean().optional(),
        // `absent`: the cluster serves no such kind.
        outcome: z.enum(['read', 'denied', 'failed', 'not-asked', 'absent']).default('read'),
        reason: z.string().optional(),
      }),
    )
    .default([]),
  /** Groups of custom kinds whose own server did not answer. */
  unanswered: z.array(z.string()).default([]),
  files: z
    .array(
      z.looseObject({
        file: name,
        outcome: z.enum(['read', 'denied', 'failed', 'not-asked']).default('read'),
        reason: z.string().optional(),
      }),
    )
    .default([]),
});

/** `describe-cluster`: every field, the ones read here typed. */
export type ClusterDescription = z.output<typeof cluster>;
export type AddonDescription = z.output<typeof addon> & { readonly clusterName: string };
export type AddonConfiguration = z.output<typeof addonConfiguration>;
/** One add-on of `describe-addon-versions`. */
export type AddonVersions = z.output<typeof addonVersions>;
export type AssociationDescription = z.output<typeof association> & { readonly clusterName: string; readonly associationArn: string };
export type FargateProfileDescription = z.output<typeof fargateProfile> & { readonly clusterName: string };
export type NodegroupDescription = z.output<typeof nodegroup> & { readonly clusterName: string };
export type AccessEntryDescription = z.output<typeof accessEntry> & { readonly clusterName: string };
/** An event of `lookup-events`. */
export type TrailEventDescription = z.output<typeof trailEvent>;
/** `capture.json`: what was asked for, and what came of it. */
export type CaptureRecord = z.output<typeof capture>;
export const readCluster = reader(cluster, 'cluster', 'the output of describe-cluster');
export const readAddon = reader(addon, 'addon', 'the output of describe-addon');
export const readAddonConfiguration = reader(addonConfiguration, undefined, 'the output of describe-addon-configuration');
export const readAssociation = reader(association, 'association', 'the output of describe-pod-identity-association');
export const readFargateProfile = reader(fargateProfile, 'fargateProfile', 'the output of describe-fargate-profile');
export const readNodegroup = reader(nodegroup, 'nodegroup', 'the output of describe-nodegroup');
export const readAccessEntry = reader(accessEntry, 'accessEntry', 'the output of describe-access-entry');
export const readCapture = reader(capture, undefined, 'the record that podshift capture writes');

const readAddonList = reader(
  z.looseObject({ addons: z.array(addonVersions).default([]) }),
  undefined,
  'the output of describe-addon-versions',
);
const readProviderList = reader(providers, undefined, 'the output of list-open-id-connect-providers');
const readSummaryMap = reader(summary, undefined, 'the output of get-account-summary');
const readTrail = reader(trail, undefined, 'the output of lookup-events');

/** The add-ons of describe-addon-versions; versions of one add-on may stand on several pages. Throws `SnapshotUnreadable`. */
export function readAddonVersions(pages: readonly unknown[], file: string): AddonVersions[] {
  const found = new Map<string, AddonVersions>();
  for (const one of pages.flatMap((page) => readAddonList(Array.isArray(page) ? { addons: page } : page, file).addons)) {
    const known = found.get(one.addonName);
    const newer = one.addonVersions.filter((version) => !known?.addonVersions.some((other) => other.addonVersion === version.addonVersion));
    found.set(one.addonName, known === undefined ? one : { ...known, addonVersions: [...known.addonVersions, ...newer] });
  }
  return [...found.values()];
}

/** The ARNs of list-open-id-connect-providers. Throws `SnapshotUnreadable`. */
export function readProviders(value: unknown, file: string): string[] {
  const listed = Array.isArray(value)
    ? { OpenIDConnectProviderList: value.map((entry) => (typeof entry === 'string' ? { Arn: entry } : entry)) }
    : value;
  return readProviderList(listed, file).OpenIDConnectProviderList.flatMap((provider) => (provider.Arn === undefined ? [] : [provider.Arn]));
}

/** The figures of get-account-summary by name. Throws `SnapshotUnreadable`. */
export function readAccountSummary(value: unknown, file: string): Readonly<Record<string, number>> {
  return readSummaryMap(value, file).SummaryMap;
}

/** The events of lookup-events. Throws `SnapshotUnreadable`. */
export function readTrailEvents(pages: readonly unknown[], file: string): TrailEventDescription[] {
  return pages.flatMap((page) => readTrail(page, file).Events);
}
