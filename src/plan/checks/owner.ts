import { consumersOf, needsAnnotation } from '../consumers.ts';
import { annotationSourceOf, gitopsOwner, irsaAnnotations, nameOfOwner, reasonToKeep } from '../owners.ts';
import type { UnitFacts } from '../unit-facts.ts';
import { CONSUMERS_OF_IRSA, INDIRECT_USERS } from './consumer.ts';
import { ofAccount, ofWorkload, type UnitCheck, type UnitTable, type WorkloadCheck } from './unit-rows.ts';

const owned: UnitCheck = (unit) =>
  unit.facts.owners.slice(0, 1).map((owner) => ({
    message: `${nameOfOwner(owner)} owns ServiceAccount ${unit.id}, so its annotation stays`,
    remedy: isNeeded(unit)
      ? `Keep it at its source too: ${annotationSourceOf(owner, unit.facts.chart)}. Custom resources need it.`
      : `After the migration, remove ${irsaAnnotations(unit).join(' and ')} from the service account ${unit.id} at its source: ${annotationSourceOf(owner, unit.facts.chart)}.`,
  }));

const annotationsKept: UnitCheck = (unit) =>
  reasonToKeep(unit) === 'options' ? `the annotations of ${unit.id} stay, as the options say` : undefined;

const workloadOfGitops: WorkloadCheck = ({ workload, subject }) => {
  const tool = gitopsOwner(workload.owners);
  return tool === undefined ? undefined : `${nameOfOwner(tool)} owns ${subject}`;
};

const deletedWithAnnotation: UnitCheck = (unit) =>
  reasonToKeep(unit) === 'controller'
    ? `${unit.world.inventory.platform?.annotationControllers?.[0]} would delete the association of ${unit.id} with its annotation, so it stays`
    : undefined;

/** Whether somebody else needs the annotation, so that nobody may be told to remove it. */
function isNeeded(unit: UnitFacts): boolean {
  return consumersOf(unit).some(needsAnnotation);
}

/** Whose changes podshift's would fight with, and indirect users (PS5xx): of units of IRSA. */
export const OWNERS: UnitTable = [
  ofAccount('PS501', owned, 'if-migrated'),
  ofAccount('PS502', annotationsKept, 'if-migrated'),
  ofWorkload('PS504', workloadOfGitops, 'if-migrated'),
  ...INDIRECT_USERS,
  ofAccount('PS507', deletedWithAnnotation, 'if-migrated'),
  ...CONSUMERS_OF_IRSA,
];
