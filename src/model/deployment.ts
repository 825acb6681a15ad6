import { z } from 'zod';

/** When a run that changes anything needs an approval; `required-by-another`: of a principal who did not ask for it. */
export const APPROVAL_MODES = ['optional', 'required', 'required-by-another'] as const;

/** One of {@link APPROVAL_MODES}. */
export type ApprovalMode = (typeof APPROVAL_MODES)[number];

/** A glob: `*` for any run of characters, `?` for one. */
const patterns = z.array(z.string().min(1));

/** What callers may ask a deployment for; infra/limits.cjs makes it of the stack's parameters. */
export const deploymentLimits = z.strictObject({
  /** Images of the probe; what a caller leaves to the default gets the first where the default is none of them. */
  probeImages: patterns,
  /** Images that may remove a daemon's rule beside its own. */
  retireImages: patterns,
  /** Account ids, and `self` for the one that podshift runs in. */
  accounts: patterns,
  /** Names of clusters; with slashes, `ACCOUNT/REGION/NAME`. */
  clusters: patterns,
  namespaces: patterns,
  /** Roles of workloads, by path and name; with colons, by ARN. */
  roles: patterns,
  /** Path and name of the role that is assumed in other accounts. */
  memberRole: z.string().min(1),
  /** Seconds after a run's start in which its waves may begin; what its options let one unit take fits into it. */
  longestRunSeconds: z.int().min(1),
  /** Units in one wave. */
  greatestWave: z.int().min(1),
});

/** See {@link deploymentLimits}. */
export type DeploymentLimits = z.output<typeof deploymentLimits>;

/** The limits of a deployment that says nothing of them: callers may ask for nothing. */
export const NOTHING_ALLOWED: DeploymentLimits = {
  probeImages: [],
  retireImages: [],
  accounts: [],
  clusters: [],
  namespaces: [],
  roles: [],
  memberRole: ' ',
  longestRunSeconds: 1,
  greatestWave: 1,
};

/** What whoever deployed podshift decides for all who use it. On one machine there is none: the user is the deployer. */
export interface Deployment {
  readonly approvalMode: ApprovalMode;
  readonly limits: DeploymentLimits;
}
