import { gitopsOwner, irsaAnnotations, nameOfOwner, reasonToKeep, sourceOf } from '../owners.ts';
import { ofAccount, ofWorkload, type UnitCheck, type UnitTable, type WorkloadCheck } from './unit-rows.ts';

const owned: UnitCheck = (unit) =>
  unit.facts.owners.slice(0, 1).map((owner) => ({
    message: `${nameOfOwner(owner)} owns ServiceAccount ${unit.id}, so its annotation stays`,
    remedy: `After the migration, remove ${irsaAnnotations(unit).join(' and ')} from the service account ${unit.id} at its source: ${sourceOf(owner)}.`,
  }));

const annotationsKept: UnitCheck = (unit) =>
  reasonToKeep(unit) === 'options' ? `the annotations of ${unit.id} stay, as the options say` : undefined;

const workloadOfGitops: WorkloadCheck = ({ workload, subject }) => {
  const tool = gitopsOwner(workload.owners);
  return tool === undefined ? undefined : `${nameOfOwner(tool)} owns ${subject}`;
};

const usedBySecretStore: UnitCheck = ({ id, facts, world }) =>
  world.usersOf
    .get(facts.name)
    ?.filter(({ namespace }) => namespace === '*' || namespace === facts.namespace)
    .map(({ subject }) => `${subject} exchanges tokens of ${id} by web identity itself`);

const usedBySecretsDriver: WorkloadCheck = ({ workload, subject }) =>
  workload.secretProviderClasses.map((name) => `${subject} mounts SecretProviderClass ${name}, which takes the role by IRSA`);

const deletedWithAnnotation: UnitCheck = (unit) =>
  reasonToKeep(unit) === 'controller'
    ? `${unit.world.inventory.platform?.annotationControllers?.[0]} would delete the association of ${unit.id} with its annotation, so it stays`
    : undefined;

/** Who uses the role without running as the service account (PS5xx): of every mechanism. */
export const INDIRECT_USERS: UnitTable = [ofAccount('PS505', usedBySecretStore), ofWorkload('PS506', usedBySecretsDriver)];

/** Whose changes podshift's would fight with, and indirect users (PS5xx): of units of IRSA. */
export const OWNERS: UnitTable = [
  ofAccount('PS501', owned, 'if-migrated'),
  ofAccount('PS502', annotationsKept, 'if-migrated'),
  ofWorkload('PS504', workloadOfGitops, 'if-migrated'),
  ...INDIRECT_USERS,
  ofAccount('PS507', deletedWithAnnotation, 'if-migrated'),
];
