import type { OwnerFact } from '../../model/owner.ts';
import type { PlanFile } from '../../model/plan-files/file.ts';
import type { PlanReport, RunReport } from '../../model/report.ts';
import { MECHANISM_TAG, RUN_TAG } from '../../model/run.ts';
import { readClusterArn } from '../../trust/own-statement.ts';
import { type ExportedStatement, ownStatements } from './statements.ts';

type ReportedUnit = PlanReport['units'][number];

/** What a run changed, or a plan would change, as far as it has a source in somebody's code. */
export interface ExportSource {
  /** A plan of which nothing is done yet, or a run that has ended. */
  readonly of: 'plan' | 'run';
  /** The plan's digest, or the run's id. */
  readonly id: string;
  readonly cluster: ExportedCluster;
  /** In order of their ids. */
  readonly units: readonly ExportedUnit[];
  readonly roles: readonly ExportedRole[];
  /** EKS add-ons whose service accounts moved, each once. */
  readonly addons: readonly ExportedAddon[];
}

/** The cluster, and where it is. */
export interface ExportedCluster {
  readonly arn: string;
  readonly name: string;
  readonly region: string;
  readonly accountId: string;
  /** `aws`, `aws-cn`, … */
  readonly partition: string;
}

/** A service account that is migrated, or would be. */
export interface ExportedUnit {
  /** `NAMESPACE/SERVICEACCOUNT`. */
  readonly id: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  /** The association that podshift makes; null where it makes none: an add-on has it, or it was there. */
  readonly association: ExportedAssociation | null;
  /** Annotations that are to be taken away at their source, key to value; empty where there are none, or something needs them. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Who keeps the annotations as their source has them. */
  readonly owners: readonly OwnerFact[];
  readonly chart: { readonly name: string; readonly value: string | null } | null;
  /** What else of the cluster changes: templates, bindings, a service account of its own. Of kube2iam and kiam alone. */
  readonly changes: NonNullable<ReportedUnit['changes']>;
}

/** An association of Pod Identity as EKS has it. */
export interface ExportedAssociation {
  /** Null before the run has made it. */
  readonly id: string | null;
  readonly arn: string | null;
  /** Those that podshift gave it; none before the run. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A role whose trust policy gains statements. */
export interface ExportedRole {
  readonly roleArn: string;
  /** Without its path. */
  readonly roleName: string;
  /** podshift's own, in their order. */
  readonly statements: readonly ExportedStatement[];
  /** The whole document as IAM has it afterwards. */
  readonly document: string;
  readonly owners: readonly OwnerFact[];
}

/** An EKS add-on whose service accounts get their roles by Pod Identity. */
export interface ExportedAddon {
  readonly name: string;
  readonly serviceAccountRoleArn: string | null;
  readonly associations: readonly { readonly serviceAccount: string; readonly roleArn: string }[];
}

/** What a kept plan would change. Pure. */
export function sourceOfPlan(plan: Pick<PlanFile, 'digest' | 'cluster' | 'units' | 'roles'>): ExportSource {
  const units = plan.units.filter(({ status }) => status === 'pending');
  return { of: 'plan', id: plan.digest, ...contents(plan.cluster.arn, units, plan.roles, null) };
}

/** What a run changed and left so: units that it rolled back are none of it. Pure. */
export function sourceOfRun(report: RunReport): ExportSource {
  const { run } = report;
  const units = report.units.filter(
    ({ status, wave, association }) => status === 'migrated' && wave !== null && association?.isNew !== false,
  );
  return { of: 'run', id: run.id, ...contents(run.cluster, units, report.roles, run.id) };
}

function contents(
  clusterArn: string,
  units: readonly ReportedUnit[],
  roles: PlanReport['roles'],
  runId: string | null,
): Pick<ExportSource, 'cluster' | 'units' | 'roles' | 'addons'> {
  const cluster = clusterOf(clusterArn);
  return {
    cluster,
    units: units.map((unit) => exportedUnit(unit, cluster, runId)),
    roles: roles.flatMap((role) => exportedRole(role, clusterArn)),
    addons: [...new Map(units.flatMap(({ addon }) => (addon === undefined ? [] : [[addon.name, addon.after] as const])))]
      .map(([name, after]) => ({ name, ...after }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function clusterOf(arn: string): ExportedCluster {
  const [, partition = 'aws', , region = ''] = arn.split(':');
  const { accountId = '', name = '' } = readClusterArn(arn) ?? {};
  return { arn, name, region, accountId, partition };
}

function exportedUnit(unit: ReportedUnit, cluster: ExportedCluster, runId: string | null): ExportedUnit {
  const { namespace, serviceAccount, roleArn, annotations, owners = [], chart = null, changes = [] } = unit;
  return {
    id: `${namespace}/${serviceAccount}`,
    namespace,
    serviceAccount,
    roleArn,
    association: associationOf(unit, cluster, runId),
    annotations: { ...annotations?.removed, ...(annotations?.source === true ? annotations.kept : {}) },
    owners,
    chart,
    changes,
  };
}

function associationOf(
  { mechanism, addon, association }: ReportedUnit,
  cluster: ExportedCluster,
  runId: string | null,
): ExportedAssociation | null {
  if (addon !== undefined || association?.isNew === false) return null;
  if (runId === null || association === undefined) return { id: null, arn: null, tags: {} };
  const { partition, region, accountId, name } = cluster;
  return {
    id: association.id,
    arn: `arn:${partition}:eks:${region}:${accountId}:podidentityassociation/${name}/${association.id}`,
    // In the order of their keys, as the CDK writes them.
    tags: { ...(mechanism === 'irsa' ? {} : { [MECHANISM_TAG]: mechanism }), [RUN_TAG]: runId },
  };
}

function exportedRole({ roleArn, trustBefore, trustAfter, owners = [] }: PlanReport['roles'][number], clusterArn: string): ExportedRole[] {
  const statements = ownStatements(trustBefore, trustAfter, clusterArn);
  if (statements.length === 0) return [];
  return [{ roleArn, roleName: roleArn.slice(roleArn.lastIndexOf('/') + 1), statements, document: trustAfter, owners }];
}
