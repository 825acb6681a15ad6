import type { Association, EksGateway } from '../../aws/gateways.ts';
import { PodshiftError } from '../../model/errors.ts';
import { type JournalEntry, MECHANISM_TAG, RUN_TAG, type RunRecord, type UnitRecord } from '../../model/run.ts';
import { requestToken } from '../agent/agent.ts';
import { READ_LAG_SECONDS } from '../quiet.ts';
import type { JournalRuntime, Runtime } from '../runtime.ts';
import { beginUnitStep, fence, journaledWrite, markUndone, type UnitContext, type UnitInput } from '../write.ts';

/** Key of the journal's entry of a unit's association. */
export function associationKey(unitId: string): string {
  return `association#${unitId}`;
}

/** An association, as an applied entry of the journal holds it. */
export interface AssociationImage {
  readonly associationId: string;
  /** RFC 3339; pods that are older than this cannot have been injected. */
  readonly createdAt: string;
}

/**
 * Creates the association of the unit, or goes on from the one that the plan saw. Where a try of this run has created it already (its reply was lost, or the function
 * died), it is adopted by the run's tag. Throws `WorldMoved` where somebody else's is there, `RoleNotReady` while EKS does
 * not see the role's trust policy.
 */
export async function associate(runtime: Runtime, input: UnitInput): Promise<AssociationImage> {
  const { run, unit } = await beginUnitStep(runtime, input, 'associate');
  const { roleArn } = unit.plan;
  const { blocked } = await runtime.journal.getRole(run.runId, roleArn);
  if (blocked !== '') throw new PodshiftError('TrustPolicyMoved', blocked);
  if (wasAssociated(unit)) return adoptAssociation(runtime, run, unit);
  const entry = await journaledWrite(runtime, run, {
    key: associationKey(unit.unitId),
    unitId: unit.unitId,
    kind: 'association',
    object: `ServiceAccount/${unit.plan.namespace}/${unit.plan.serviceAccount}`,
    before: { associationId: unit.plan.before.associationId },
    perform: async (begun): Promise<AssociationImage> => {
      if (begun.state === 'applied') return begun.after as AssociationImage;
      const association = await createOrAdopt(runtime.aws(run.target).eks, run, unit, roleArn);
      return { associationId: association.associationId, createdAt: association.createdAt };
    },
  });
  const { associationId, createdAt } = entry.after as AssociationImage;
  return { associationId, createdAt };
}

/** Whether an association of the unit's service account was there before the run: it is gone on from, and stays when the unit rolls back. */
export function wasAssociated({ plan }: Pick<UnitRecord, 'plan'>): boolean {
  return plan.addon === undefined && plan.before.associationId !== null;
}

/** Goes on from the association that somebody left half-way. Nothing is written, so that nothing of it is undone either. */
async function adoptAssociation(runtime: Runtime, run: RunRecord, unit: UnitRecord): Promise<AssociationImage> {
  const found = await findAssociation(runtime.aws(run.target).eks, unit);
  if (found === undefined)
    throw new PodshiftError(
      'WorldMoved',
      `association ${unit.plan.before.associationId} of ${unit.unitId} is gone since the plan was made`,
    );
  if (found.roleArn !== unit.plan.roleArn)
    throw new PodshiftError('WorldMoved', `association ${found.associationId} gives ${unit.unitId} the role ${found.roleArn} by now`);
  await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { associatedAt: found.createdAt } });
  return { associationId: found.associationId, createdAt: found.createdAt };
}

async function createOrAdopt(eks: EksGateway, run: RunRecord, unit: UnitRecord, roleArn: string): Promise<Association> {
  const { namespace, serviceAccount } = unit.plan;
  try {
    return await eks.createAssociation({
      namespace,
      serviceAccount,
      roleArn,
      clientRequestToken: requestToken(run, `association ${unit.unitId}`),
      tags: { [RUN_TAG]: run.runId, ...(unit.plan.metadata === undefined ? {} : { [MECHANISM_TAG]: unit.plan.mechanism }) },
    });
  } catch (error) {
    if (!(error instanceof PodshiftError && error.name === 'AlreadyExists')) throw error;
    const found = await findAssociation(eks, unit);
    if (found === undefined)
      throw new PodshiftError('ServiceUnavailable', `EKS says that ${unit.unitId} has an association, but shows none yet`, {
        cause: error,
      });
    if (found.tags[RUN_TAG] === run.runId && found.roleArn === roleArn) return found;
    throw new PodshiftError(
      'WorldMoved',
      `somebody else created association ${found.associationId} for ${unit.unitId} with role ${found.roleArn}`,
    );
  }
}

/** The association of the unit's service account, whoever made it; there is at most one. */
export async function findAssociation(eks: EksGateway, unit: UnitRecord): Promise<Association | undefined> {
  const { namespace, serviceAccount } = unit.plan;
  const [summary] = await eks.listAssociations({ namespace, serviceAccount });
  return summary === undefined ? undefined : eks.describeAssociation(summary.associationId);
}

/**
 * The association of the unit's service account as EKS has it now. One that the journal or the plan knows is asked for by its id: there is
 * at most one, so that no list is needed while it is there.
 */
export async function currentAssociation(runtime: JournalRuntime, eks: EksGateway, unit: UnitRecord): Promise<Association | undefined> {
  const id = await knownAssociationId(runtime, unit);
  const known = id === undefined ? undefined : await eks.describeAssociation(id);
  return known ?? findAssociation(eks, unit);
}

async function knownAssociationId(runtime: JournalRuntime, unit: UnitRecord): Promise<string | undefined> {
  if (wasAssociated(unit)) return unit.plan.before.associationId ?? undefined;
  const entry = await runtime.journal.getEntry(unit.runId, associationKey(unit.unitId));
  return entry?.state === 'applied' ? (entry.after as AssociationImage).associationId : undefined;
}

/** When the unit's association was created, in milliseconds. Throws `InternalError` before that. */
export async function associatedAt(runtime: JournalRuntime, unit: UnitRecord): Promise<number> {
  if (typeof unit.facts.associatedAt === 'string') return Date.parse(unit.facts.associatedAt);
  const entry = await runtime.journal.getEntry(unit.runId, associationKey(unit.unitId));
  if (entry?.state !== 'applied') throw new PodshiftError('InternalError', `unit ${unit.unitId} has no association yet`);
  return Date.parse((entry.after as AssociationImage).createdAt);
}

/** What became of the unit's association. */
export interface Dissociation {
  /** What has to be waited for; empty where the association is gone. */
  readonly missing: string;
  /** Whether new pods may have been injected by it. */
  readonly wasThere: boolean;
}

/**
 * Deletes the association that this run made, be its creation on record or not. One whose creation told no end is looked for
 * several times, as EKS may show it late. The unit's fact is kept ahead of the delete, so that a crash in between forgets nothing.
 */
export async function undoAssociation(
  runtime: JournalRuntime,
  { run, unit, aws }: UnitContext,
  entries: readonly JournalEntry[],
): Promise<Dissociation> {
  const entry = entries.find((candidate) => candidate.kind === 'association');
  if (entry === undefined) return { missing: '', wasThere: false };
  if (entry.state === 'undone') return { missing: '', wasThere: unit.facts.associated === true };
  const found = await findAssociation(aws.eks, unit);
  const ours = found?.tags[RUN_TAG] === run.runId ? found.associationId : undefined;
  const written = (entry.after as AssociationImage | null)?.associationId;
  if (found === undefined && written === undefined && !(await isAbsent(runtime, unit)))
    return { missing: `EKS may still show an association of ${unit.unitId} that was asked for`, wasThere: false };
  const id = ours ?? (found === undefined ? written : undefined);
  const wasThere = ours !== undefined || entry.state === 'applied';
  if (wasThere)
    await runtime.journal.updateUnit(run.runId, unit.unitId, { facts: { associated: true, dissociatedAt: runtime.clock.now() } });
  // One on record that EKS does not show is deleted by its id: a list may lag behind, and deleting what is gone is no error.
  if (id !== undefined) {
    await fence(runtime, run);
    await aws.eks.deleteAssociation(id);
  }
  await markUndone(runtime, run.runId, entry.key);
  return { missing: '', wasThere };
}

/** Whether EKS has shown no association for as long as its reads may lag behind: one look alone may be a late one. */
async function isAbsent(runtime: JournalRuntime, unit: UnitRecord): Promise<boolean> {
  const { clock, journal } = runtime;
  const since = Number(unit.facts.absentSince ?? 0);
  if (since === 0) await journal.updateUnit(unit.runId, unit.unitId, { facts: { absentSince: clock.now() } });
  return since > 0 && clock.now() - since >= READ_LAG_SECONDS.association * 1000;
}
