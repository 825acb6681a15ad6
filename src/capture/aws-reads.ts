import type { AwsGateways } from '../aws/gateways.ts';
import { AGENT } from '../model/agent.ts';
import type { AwsAnswers } from './aws-answers.ts';
import { type Outcomes, outcomeOfError } from './outcomes.ts';

/** The file that a read which may be refused would fill, and what has to be allowed for it. */
interface Wanted {
  readonly file: string;
  readonly permission: string;
}

const FILES = {
  listAccessEntries: { file: 'eks/access-entries/', permission: 'eks:ListAccessEntries' },
  listNodegroups: { file: 'eks/nodegroups/', permission: 'eks:ListNodegroups and eks:DescribeNodegroup' },
  listRolesWithTags: { file: 'iam/account-authorization-details.json', permission: 'iam:GetAccountAuthorizationDetails' },
  listOpenIdConnectProviders: { file: 'iam/open-id-connect-providers.json', permission: 'iam:ListOpenIDConnectProviders' },
  trustPolicyQuota: { file: 'iam/account-summary.json', permission: 'iam:GetAccountSummary' },
  lookupEvents: { file: 'cloudtrail/events.json', permission: 'cloudtrail:LookupEvents' },
} as const satisfies Record<string, Wanted>;

const ASSOCIATIONS: Wanted = { file: 'eks/pod-identity-associations/', permission: 'eks:DescribePodIdentityAssociation' };
const CONFIGURATIONS: Wanted = { file: 'eks/addon-configurations/', permission: 'eks:DescribeAddonConfiguration' };
const VERSIONS: Wanted = { file: 'eks/addon-versions.json', permission: 'eks:DescribeAddonVersions' };

/** Reads without which there is no plan: where one is refused, nothing is captured. */
const NEEDED = ['eks/cluster.json', 'eks/addons/', 'eks/fargate-profiles/'];

/** The gateways, with a note of what came of each read that a plan can do without. */
export function noting(aws: AwsGateways, outcomes: Outcomes): AwsGateways {
  const noted =
    <Arguments extends unknown[], Result>({ file, permission }: Wanted, read: (...given: Arguments) => Promise<Result>) =>
    async (...given: Arguments): Promise<Result> => {
      try {
        const answer = await read(...given);
        outcomes.file(file, 'read');
        return answer;
      } catch (error) {
        const outcome = outcomeOfError(error);
        if (outcome === 'denied') outcomes.file(file, outcome, permission);
        throw error;
      }
    };
  return {
    ...aws,
    eks: {
      ...aws.eks,
      listAccessEntries: noted(FILES.listAccessEntries, aws.eks.listAccessEntries),
      listNodegroups: noted(FILES.listNodegroups, aws.eks.listNodegroups),
    },
    iam: {
      ...aws.iam,
      listRolesWithTags: noted(FILES.listRolesWithTags, aws.iam.listRolesWithTags),
      listOpenIdConnectProviders: noted(FILES.listOpenIdConnectProviders, aws.iam.listOpenIdConnectProviders),
      trustPolicyQuota: noted(FILES.trustPolicyQuota, aws.iam.trustPolicyQuota),
    },
    cloudTrail: { ...aws.cloudTrail, lookupEvents: noted(FILES.lookupEvents, aws.cloudTrail.lookupEvents) },
  };
}

/**
 * What a plan of this moment did not need of AWS, and a rehearsal or another plan may: all associations, node groups, the configurations
 * of all add-ons, the versions of the agent. What is refused is noted.
 */
export async function readRest(aws: AwsGateways, answers: AwsAnswers, outcomes: Outcomes, kubernetesVersion: string): Promise<void> {
  const attempt = async ({ file, permission }: Wanted, read: () => Promise<unknown>): Promise<void> => {
    // What the plan asked for already is not asked for twice.
    if (outcomes.files.some((one) => one.file === file)) return;
    try {
      await read();
      outcomes.file(file, 'read');
    } catch (error) {
      const outcome = outcomeOfError(error);
      if (outcome === undefined) throw error;
      outcomes.file(file, outcome, permission);
    }
  };
  for (const file of NEEDED) outcomes.file(file, 'read');
  await attempt(ASSOCIATIONS, async () => {
    for (const id of answers.undescribedAssociations) await aws.eks.describeAssociation(id);
  });
  await attempt(CONFIGURATIONS, async () => {
    for (const { addonName, addonVersion } of answers.unconfiguredAddons) await aws.eks.describeAddonConfiguration(addonName, addonVersion);
  });
  await attempt(VERSIONS, async () => {
    if (!answers.hasVersionsOf(AGENT)) await aws.eks.addonVersions(AGENT, kubernetesVersion);
  });
  await attempt(FILES.listNodegroups, aws.eks.listNodegroups);
  // Without a mode a cluster takes principals from its ConfigMap alone, and refuses to list entries.
  await attempt(FILES.listAccessEntries, async () => answers.takesAccessEntries && aws.eks.listAccessEntries());
}
