import { z } from 'zod';
import { ACCEPTANCE, NO_ACCEPTANCE } from './acceptance.ts';
import { knownSoftwareRow } from './known-software/known-software.ts';

/** The probe's default image: the AWS CLI's public image, pinned. */
export const DEFAULT_PROBE_IMAGE = 'public.ecr.aws/aws-cli/aws-cli:2.31.0';

/** The longest time-out that a step may have: a week. */
export const LONGEST_STEP_SECONDS = 7 * 86_400;
/** The longest that a unit, or a daemon, may take to go back: a day. */
export const LONGEST_UNDO_SECONDS = 86_400;
/** The longest soak: thirty days, which leaves the run (90 days) room for the rest. */
export const LONGEST_SOAK_SECONDS = 30 * 86_400;
const stepSeconds = z.int().min(1).max(LONGEST_STEP_SECONDS);

/**
 * What a user chooses for a run. Every key has a default, so `migrationOptions.parse({})` is a careful run.
 * Times are whole seconds. Unknown keys are refused.
 */
export const migrationOptions = z.strictObject({
  /** Only service accounts of these namespaces; empty means all. */
  namespaces: z.array(z.string()).default([]),
  /** Only these service accounts, each `NAMESPACE/NAME`; empty means all. */
  serviceAccounts: z.array(z.string().regex(/^[^/]+\/[^/]+$/)).default([]),
  /** The prefix of the webhook's annotations, for a self-hosted webhook with another one. */
  annotationPrefix: z.string().min(1).default('eks.amazonaws.com'),
  /** Keep every old annotation, even after proof. */
  keepAnnotations: z.boolean().default(false),
  /** Take kube2iam's and kiam's annotations off the pod templates with the first restart, ahead of the soak, instead of by a second one. */
  foldAnnotationRemoval: z.boolean().default(false),
  /** Allow a trust statement that admits every service account of this cluster, where a scoped one cannot work. */
  allowClusterScope: z.boolean().default(false),
  /** Allow eviction of the pods of OnDelete and partitioned sets, and of those of custom resources, one at a time. */
  allowPodDeletion: z.boolean().default(false),
  /** Install the agent also where that evicts pods that hold its ports on their nodes. */
  allowAgentPreemption: z.boolean().default(false),
  /** Hold workloads whose restart is, or may be, a downtime (Recreate, one replica). */
  holdDowntime: z.boolean().default(false),
  /** Findings that the user takes the blame for, each `CODE:NAMESPACE/NAME`: they hold their service account no more, and stay in the report. */
  accept: z.array(z.string().regex(ACCEPTANCE, NO_ACCEPTANCE)).max(500).default([]),
  /** What is known of software beyond the table of docs/known-software.md; a row about an image comes ahead of the table's about it. */
  knownSoftware: z.array(knownSoftwareRow).max(500).default([]),
  /** Install the Pod Identity agent add-on where the cluster has none. */
  installAgent: z.boolean().default(true),
  /** After grade-3 evidence over an hour of the old way's silence (a soak of at least 65 minutes), take the migrated service accounts out of the roles' OIDC statements. */
  retireOldTrust: z.boolean().default(false),
  /** After the migration, retire this daemon where nothing depends on it any more. */
  retireDaemon: z.enum(['none', 'kube2iam', 'kiam']).default('none'),
  /** Migrate nothing: retire the daemon alone. */
  retireOnly: z.boolean().default(false),
  /** Image of the pods that remove the daemon's rule and ask for instance metadata: any with `/bin/sh`, iptables, and wget or curl; empty for the daemon's own. */
  retireImage: z.string().default(''),
  /** Nodes on which such pods run at once. */
  retireNodesAtOnce: z.int().min(1).max(500).default(20),
  /** How long each phase of a retirement may take: the rules, the stop, the proof. */
  retireTimeoutSeconds: stepSeconds.default(1800),
  /** Image of the probe pod: any that has `/bin/sh` and the AWS CLI. */
  probeImage: z.string().min(1).default(DEFAULT_PROBE_IMAGE),
  /** The most units in one wave: waves grow 1, 5, 25, 125 and so on up to it. */
  waveSize: z.int().min(1).max(500).default(500),
  /** Confirm each wave before the next one begins, also those after the first three. */
  sequentialWaves: z.boolean().default(false),
  /** Minutes from the start of the run after which no further wave begins: a maintenance window; 0 for none. */
  windowMinutes: z.int().min(0).default(0),
  /** Pods of a cluster that a run may renew in one minute. */
  restartPodsPerMinute: z.int().min(1).max(10_000).default(300),
  /** Share of a wave's units, in percent, that may roll back before the run halts; the canary wave allows none. */
  failureThresholdPercent: z.int().min(0).max(100).default(10),
  /** What happens to the run when a wave is over its threshold. */
  onWaveFailure: z.enum(['halt', 'rollback']).default('halt'),
  /** How long the run waits after a trust policy was written, before associations. */
  iamPropagationSeconds: z.int().min(0).max(LONGEST_STEP_SECONDS).default(15),
  /** Dry runs in a row that must show the injection. */
  injectionChecks: z.int().min(1).default(5),
  /** Time between two of them. */
  injectionIntervalSeconds: stepSeconds.default(3),
  injectionTimeoutSeconds: stepSeconds.default(180),
  proofTimeoutSeconds: stepSeconds.default(300),
  rolloutTimeoutSeconds: stepSeconds.default(1800),
  agentTimeoutSeconds: stepSeconds.default(900),
  /** How long an update of an add-on may take, or one that is running may be waited for. */
  addonTimeoutSeconds: stepSeconds.default(1800),
  undoTimeoutSeconds: z.int().min(1).max(LONGEST_UNDO_SECONDS).default(1800),
  /** Time between the first and the second verification of the pods. */
  soakSeconds: z.int().min(0).max(LONGEST_SOAK_SECONDS).default(900),
});

/** Options with every default filled in. */
export type MigrationOptions = z.output<typeof migrationOptions>;
