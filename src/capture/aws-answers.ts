import type { AwsAnswer } from '../aws/clients.ts';
import { decodePolicy } from '../aws/iam-gateway.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers as the services' models have them
type Answer = any;

/** What to keep of a file of a snapshot: its path in the folder, and its document. */
export interface CapturedFile {
  readonly name: string;
  readonly content: unknown;
}

/** What may be said of a service's answer before it is kept. */
export interface AnswerRedaction {
  /** Configuration values of an add-on. */
  configurationValues(addonName: string, values: string): string;
  /** An event of CloudTrail, as its text. */
  trailEvent(text: string): string;
}

/** The answers of AWS, as they came, and the files that the AWS CLI would make of them. */
export class AwsAnswers {
  #cluster: Answer;
  readonly #addons = new Map<string, Answer>();
  readonly #configurations = new Map<string, Answer>();
  readonly #versions = new Map<string, Answer>();
  readonly #listed = new Set<string>();
  readonly #associations = new Map<string, Answer>();
  readonly #fargateProfiles = new Map<string, Answer>();
  readonly #nodegroups = new Map<string, Answer>();
  readonly #accessEntries = new Map<string, Answer>();
  readonly #roles = new Map<string, Answer>();
  readonly #policies = new Map<string, Answer>();
  readonly #events = new Map<string, Answer>();
  #providers: Answer;
  #summary: Answer;

  /** Takes in an answer; those of which a snapshot keeps nothing are let go. */
  take({ operation, input, output }: AwsAnswer): void {
    this.#takers[operation]?.(output, input);
  }

  /** Ids of the associations that were listed and not described. */
  get undescribedAssociations(): string[] {
    return [...this.#listed].filter((id) => !this.#associations.has(id));
  }

  /** The add-ons whose configuration was not described. */
  get unconfiguredAddons(): { readonly addonName: string; readonly addonVersion: string }[] {
    return [...this.#addons.values()].filter(({ addonName, addonVersion }) => !this.#configurations.has(`${addonName}@${addonVersion}`));
  }

  /** Whether the versions of an add-on were asked for. */
  hasVersionsOf(addonName: string): boolean {
    return this.#versions.has(addonName);
  }

  /** Whether the cluster has access entries, by its authentication mode. */
  get takesAccessEntries(): boolean {
    return !['CONFIG_MAP', undefined].includes(this.#cluster?.accessConfig?.authenticationMode);
  }

  readonly #takers: Readonly<Record<string, (output: Answer, input: Answer) => void>> = {
    DescribeCluster: ({ cluster }) => {
      this.#cluster = cluster;
    },
    DescribeAddon: ({ addon }) => this.#addons.set(addon.addonName, addon),
    DescribeAddonConfiguration: (output) => this.#configurations.set(`${output.addonName}@${output.addonVersion}`, output),
    DescribeAddonVersions: ({ addons = [] }, { addonName }) => {
      for (const addon of addons) {
        const known = this.#versions.get(addon.addonName)?.addonVersions ?? [];
        const newer = (addon.addonVersions ?? []).filter(
          (one: Answer) => !known.some((other: Answer) => other.addonVersion === one.addonVersion),
        );
        this.#versions.set(addon.addonName, { ...addon, addonVersions: [...known, ...newer] });
      }
      if (!this.#versions.has(addonName)) this.#versions.set(addonName, { addonName, addonVersions: [] });
    },
    ListPodIdentityAssociations: ({ associations = [] }) => {
      for (const { associationId } of associations) this.#listed.add(associationId);
    },
    DescribePodIdentityAssociation: ({ association }) => this.#associations.set(association.associationId, association),
    DescribeFargateProfile: ({ fargateProfile }) => this.#fargateProfiles.set(fargateProfile.fargateProfileName, fargateProfile),
    DescribeNodegroup: ({ nodegroup }) => this.#nodegroups.set(nodegroup.nodegroupName, nodegroup),
    ListAccessEntries: ({ accessEntries = [] }, { clusterName }) => {
      for (const principalArn of accessEntries) this.#accessEntries.set(principalArn, { clusterName, principalArn });
    },
    GetAccountAuthorizationDetails: ({ RoleDetailList = [], Policies = [] }) => {
      for (const role of RoleDetailList) this.#roles.set(role.Arn, role);
      for (const policy of Policies) this.#policies.set(policy.Arn, policy);
    },
    // Where the bulk read is not allowed: what these tell of a role is a part of what that would.
    ListRoles: ({ Roles = [] }) => {
      for (const role of Roles) this.#roles.set(role.Arn, { ...role, ...this.#roles.get(role.Arn) });
    },
    GetRole: ({ Role }) => this.#roles.set(Role.Arn, { ...this.#roles.get(Role.Arn), ...Role }),
    ListOpenIDConnectProviders: (output) => {
      this.#providers = output;
    },
    GetAccountSummary: (output) => {
      this.#summary = output;
    },
    LookupEvents: ({ Events = [] }) => {
      for (const event of Events) this.#events.set(event.EventId ?? String(this.#events.size), event);
    },
  };

  /** The files of a snapshot, in its layout, as the AWS CLI prints the answers: times as text, documents decoded. */
  files(redact: AnswerRedaction): CapturedFile[] {
    const each = (folder: string, answers: ReadonlyMap<string, Answer>, wrap: (answer: Answer) => Answer): CapturedFile[] =>
      [...answers].map(([name, answer]) => ({ name: `eks/${folder}/${fileName(name)}.json`, content: wrap(answer) }));
    const addon = (answer: Answer): Answer =>
      answer.configurationValues === undefined
        ? { addon: answer }
        : { addon: { ...answer, configurationValues: redact.configurationValues(answer.addonName, answer.configurationValues) } };
    const events = [...this.#events.values()].map((event) =>
      event.CloudTrailEvent === undefined ? event : { ...event, CloudTrailEvent: redact.trailEvent(event.CloudTrailEvent) },
    );
    const files: CapturedFile[] = [
      { name: 'eks/cluster.json', content: { cluster: this.#cluster } },
      ...each('addons', this.#addons, addon),
      ...each('addon-configurations', this.#configurations, (answer) => answer),
      { name: 'eks/addon-versions.json', content: { addons: [...this.#versions.values()] } },
      ...each('pod-identity-associations', this.#associations, (association) => ({ association })),
      ...each('fargate-profiles', this.#fargateProfiles, (fargateProfile) => ({ fargateProfile })),
      ...each('nodegroups', this.#nodegroups, (nodegroup) => ({ nodegroup })),
      ...each('access-entries', this.#accessEntries, (accessEntry) => ({ accessEntry })),
      {
        name: 'iam/account-authorization-details.json',
        content: {
          RoleDetailList: [...this.#roles.values()].map(decoded),
          Policies: [...this.#policies.values()].map(decoded),
          UserDetailList: [],
          GroupDetailList: [],
        },
      },
      ...(this.#providers === undefined ? [] : [{ name: 'iam/open-id-connect-providers.json', content: this.#providers }]),
      ...(this.#summary === undefined ? [] : [{ name: 'iam/account-summary.json', content: this.#summary }]),
      { name: 'cloudtrail/events.json', content: { Events: events } },
    ];
    return files.map(({ name, content }) => ({ name, content: withoutMetadata(content) }));
  }
}

/** A name that is safe in a path, whatever a service answered; different names stay different. */
function fileName(name: string): string {
  return name.replace(/[^\w@.+=,-]/g, (character) => `%${character.codePointAt(0)?.toString(16).padStart(2, '0')}`).replace(/^\./, '%2e');
}

/** What the SDK adds to an answer is none of the service's. */
function withoutMetadata(content: unknown): unknown {
  if (typeof content !== 'object' || content === null || !('$metadata' in content)) return content;
  const { $metadata: _, ...answer } = content;
  return answer;
}

const DOCUMENTS = new Set(['AssumeRolePolicyDocument', 'PolicyDocument', 'Document']);

/** A role or a policy with its documents decoded. */
function decoded(value: Answer): Answer {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      DOCUMENTS.has(key) && typeof inner === 'string' ? documentOf(decodePolicy(inner)) : decoded(inner),
    ]),
  );
}

/** The AWS CLI prints a document as JSON; where that would not be the text that IAM has, the text is kept. */
function documentOf(text: string): unknown {
  try {
    const document: unknown = JSON.parse(text);
    return JSON.stringify(document) === text ? document : text;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
