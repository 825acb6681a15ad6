import type { MetadataInventory } from '../../model/metadata.ts';
import { nameOfOwner, reconcilingOwner, sourceOf } from '../owners.ts';
import type { MetadataUnit, UnitFacts } from '../unit-facts.ts';
import { workloadSubject } from '../world.ts';
import type { Answers, Row } from './check.ts';
import { row } from './check.ts';
import { ofAccount, ofWorkload, type Said, type UnitCheck, type UnitTable, type WorkloadCheck } from './unit-rows.ts';

/** Looks at a unit that is split; `old` is the service account that it is split from, `NAMESPACE/NAME`. */
type SplitCheck = (unit: UnitFacts, old: string, metadata: MetadataUnit) => Answers<Said>;

const annotationKept: WorkloadCheck = ({ template, subject }) =>
  template?.fate === 'kept' ? `the annotations of ${subject} stay, as the options say` : undefined;

const unresolvedName: Row<UnitFacts>['check'] = ({ roleArn, workloads: [first], metadata }) => {
  const resolver = metadata?.system.resolver;
  if (first === undefined || roleArn.startsWith('arn:') || resolver?.settings.base.kind !== 'none') return undefined;
  return { subject: workloadSubject(first.workload), message: `${roleArn} is no ARN, and ${resolver.subject} has no base ARN` };
};

const isSplit: SplitCheck = ({ id, workloads }, old, { bindings }) => {
  const moved = workloads.map(({ workload }) => workloadSubject(workload)).join(', ');
  const joined = bindings.length === 0 ? 'no binding' : bindings.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  return `${id} is split from ${old}: ${moved} get it, and it joins ${joined}`;
};

const namedByPolicy: SplitCheck = ({ id, world: { inventory } }, old) =>
  (inventory.metadata as MetadataInventory).identityPolicies
    .filter(({ serviceAccount }) => serviceAccount === old)
    .map(({ subject }) => `${subject} names ${old}, and does not know ${id}`);

const splitOfOwnedWorkload: WorkloadCheck = ({ workload, subject }, { facts, metadata }) => {
  const owner = reconcilingOwner(workload.owners);
  if (!isSplitOff(metadata) || owner === undefined) return undefined;
  return {
    message: `${nameOfOwner(owner)} owns ${subject}, which needs the service account ${facts.name}`,
    remedy: `Change it at the source, ${sourceOf(owner)}: add the service account ${facts.name} with the bindings of ${metadata.splitFrom}, and set serviceAccountName: ${facts.name} in the pod template. Then plan again.`,
  };
};

const splitOfFixedTemplate: WorkloadCheck = ({ template, subject }, { metadata }) =>
  isSplitOff(metadata) && template?.changeable === false ? `podshift does not change the pod template of ${subject}` : undefined;

const annotationOutOfReach: WorkloadCheck = ({ template, subject }) => {
  if (template?.fate !== 'out-of-reach') return undefined;
  const { annotations, owner } = template;
  const why = owner === undefined ? 'podshift does not change its template' : `${nameOfOwner(owner)} owns it`;
  const where = owner === undefined ? '' : ` at its source: ${sourceOf(owner)}`;
  return {
    message: `the annotation of ${subject} stays: ${why}`,
    remedy: `After the migration, remove ${Object.keys(annotations).join(' and ')} from the pod template of ${subject}${where}.`,
  };
};

const removedBySecondRestart: WorkloadCheck = ({ template, subject }) =>
  template?.fate === 'removed'
    ? `${subject} loses ${Object.keys(template.annotations).join(' and ')} after proof, which restarts it once more`
    : undefined;

const splitWithAssociation: SplitCheck = ({ id, world }, old) => {
  const association = world.associationOf.get(old);
  return association === undefined ? undefined : `${id} would be split from ${old}, which has association ${association.associationId}`;
};

/** That annotations of the pod templates stay as asked for (PS502). */
export const TEMPLATE_ANNOTATIONS: UnitTable = [ofWorkload('PS502', annotationKept, 'if-migrated')];

const asksWithoutName: UnitCheck = ({ roleArn, metadata }) => {
  const resolver = metadata?.system.resolver;
  if (resolver?.identity?.kind !== 'unknown') return undefined;
  return `${resolver.subject} asks for ${roleArn} with credentials that podshift cannot look at (${resolver.identity.by})`;
};

/** As whom a daemon asks. */
export const DAEMON_IDENTITY: UnitTable = [ofAccount('PS723', asksWithoutName)];

/** Units of kube2iam and kiam, once their workloads are grouped (PS7xx). */
export const SPLITS: UnitTable = [
  row('PS707', unresolvedName),
  ofAccount('PS713', ofSplit(isSplit), 'if-migrated'),
  ofAccount('PS714', ofSplit(namedByPolicy), 'if-migrated'),
  ofWorkload('PS715', splitOfOwnedWorkload, 'unless-associated'),
  ofWorkload('PS716', splitOfFixedTemplate, 'unless-associated'),
  ofWorkload('PS720', annotationOutOfReach, 'if-migrated'),
  ofWorkload('PS721', removedBySecondRestart, 'if-migrated'),
  ofAccount('PS722', ofSplit(splitWithAssociation)),
];

function isSplitOff(metadata: MetadataUnit | undefined): metadata is MetadataUnit & { readonly splitFrom: string } {
  return metadata !== undefined && metadata.splitFrom !== null;
}

function ofSplit(check: SplitCheck): UnitCheck {
  return (unit) =>
    isSplitOff(unit.metadata) ? check(unit, `${unit.facts.namespace}/${unit.metadata.splitFrom}`, unit.metadata) : undefined;
}
