import type { OwnerFact, OwnerKind } from '../../model/owner.ts';
import { nameOfOwner } from '../../plan/owners.ts';
import { cdk } from './cdk.ts';
import { cloudformation } from './cloudformation.ts';
import { ack, crossplane } from './controllers.ts';
import { eksctl } from './eksctl.ts';
import { EXPORT_FORMATS, type ExportFormat } from './formats.ts';
import { forTheTimeBetween } from './gitops.ts';
import { hasKnownValue, helm } from './helm.ts';
import { kustomize } from './kustomize.ts';
import { FILE_NAMES, namesFor } from './names.ts';
import { bullets, type ExportFile, type Part, type Rendered, type Renderer, roleFiles, trustFiles } from './part.ts';
import type { ExportSource } from './source.ts';
import { terraform } from './terraform.ts';

const RENDERERS: Readonly<Record<ExportFormat, Renderer>> = { terraform, cloudformation, cdk, eksctl, helm, kustomize, ack, crossplane };

/** The formats of an owner's code: the first holds roles and associations, where its code can; the rest the objects of the cluster. */
const OF_OWNER: Readonly<Record<OwnerKind, readonly ExportFormat[]>> = {
  terraform: ['terraform'],
  cloudformation: ['cloudformation'],
  eksctl: ['eksctl'],
  crossplane: ['crossplane'],
  helm: ['helm'],
  'argo-cd': ['helm', 'kustomize'],
  flux: ['helm', 'kustomize'],
  'config-sync': ['kustomize'],
  fleet: ['helm', 'kustomize'],
  kapp: ['kustomize'],
  kluctl: ['kustomize'],
  spinnaker: ['kustomize'],
  pulumi: [],
  operator: [],
};

/**
 * The files of an export: a README that says what to do in which order, and a folder for each owner; or those of the one format that was
 * asked for, with their README. Where nothing was changed, a README alone. The same source gives the same files. Pure.
 *
 * @example
 * const files = exportFiles(sourceOfRun(report), 'terraform');
 */
export function exportFiles(source: ExportSource, format: ExportFormat | null): ExportFile[] {
  if (format !== null) {
    const files = filesOf(wholePart(source), [format]);
    return files.length === 0 ? [{ path: 'README.md', content: overview(source, []) }] : files;
  }
  const folders = foldersByOwner(source)
    .map(({ name, part, formats }) => ({ name, part, files: filesOf(part, formats) }))
    .filter(({ files }) => files.length > 0);
  return [
    { path: 'README.md', content: overview(source, folders) },
    ...folders.flatMap(({ name, files }) => files.map(({ path, content }) => ({ path: `${name}/${path}`, content }))),
  ];
}

interface Folder {
  readonly name: string;
  readonly part: Part;
  readonly formats: readonly ExportFormat[];
}

function wholePart({ of, id, cluster, units, roles, addons }: ExportSource): Part {
  return { of, id, cluster, owner: null, roles, associations: units.filter(isAssociated), objects: units, addons };
}

function isAssociated({ association }: ExportSource['units'][number]): boolean {
  return association !== null;
}

/** A folder for each owner; what nobody's code is known to hold gets one as well, so that it is seen. */
function foldersByOwner(source: ExportSource): Folder[] {
  const ownerOfRole = new Map(source.roles.map(({ roleArn, owners }) => [roleArn, whoseCode(owners)]));
  const owners = new Map<string, OwnerFact>();
  const add = (owner: OwnerFact | undefined): void => {
    if (owner !== undefined) owners.set(keyOf(owner), owner);
  };
  for (const owner of ownerOfRole.values()) add(owner);
  for (const unit of source.units) add(whoseCode(unit.owners));
  const names = namesFor([...owners.keys()], FILE_NAMES);
  const partOf = (owner: OwnerFact | null): Part => {
    const isIts = (one: OwnerFact | undefined): boolean =>
      owner === null ? one === undefined : one !== undefined && keyOf(one) === keyOf(owner);
    return {
      of: source.of,
      id: source.id,
      cluster: source.cluster,
      owner,
      roles: source.roles.filter(({ roleArn }) => isIts(ownerOfRole.get(roleArn))),
      // An association belongs where its role is made: who makes the one can make the other.
      associations: source.units.filter((unit) => isAssociated(unit) && isIts(ownerOfRole.get(unit.roleArn))),
      objects: source.units.filter((unit) => isIts(whoseCode(unit.owners))),
      addons: owner === null ? source.addons : [],
    };
  };
  const owned = [...owners].map(([key, owner]) => ({ name: names.get(key) ?? key, part: partOf(owner), formats: OF_OWNER[owner.kind] }));
  return [...owned.sort((a, b) => (a.name < b.name ? -1 : 1)), { name: 'without-owner', part: partOf(null), formats: [] }];
}

/** Whose code an object is made from: the stacks of eksctl are CloudFormation's, and made from eksctl's configuration file. */
function whoseCode(owners: readonly OwnerFact[]): OwnerFact | undefined {
  return owners.find(({ kind }) => kind === 'eksctl') ?? owners[0];
}

function keyOf({ kind, name }: OwnerFact): string {
  return name === '' ? kind : `${kind}-${name}`;
}

function filesOf(part: Part, formats: readonly ExportFormat[]): ExportFile[] {
  if (isNothing(part)) return [];
  const all = [...rendered(part, formats), forTheTimeBetween(part)];
  const steps = [...new Set(all.flatMap((one) => one.steps))];
  const files = all.flatMap((one) => one.files);
  // A format that has no place for what was changed leaves it to the reader, who is told of it.
  const told = readme(part, steps.length === 0 ? [byHand(part)] : steps);
  return [{ path: 'README.md', content: told }, ...(formats.length === 0 ? trustFiles(part, roleFiles(part)) : files)];
}

/** Where charts and manifests can be meant, what the value of a known chart holds goes into its values, and the rest into patches. */
function rendered(part: Part, formats: readonly ExportFormat[]): Rendered[] {
  const isMixed = formats.includes('helm') && formats.includes('kustomize');
  return formats.map((format) => {
    if (!isMixed) return RENDERERS[format](part);
    const objects = part.objects.filter((unit) => hasKnownValue(unit) === (format === 'helm'));
    return objects.length === 0 ? { files: [], steps: [] } : RENDERERS[format]({ ...part, objects });
  });
}

function isNothing({ roles, associations, objects, addons }: Part): boolean {
  const changed = objects.filter(({ annotations, changes }) => Object.keys(annotations).length > 0 || changes.length > 0);
  return roles.length + associations.length + changed.length + addons.length === 0;
}

function readme(part: Part, steps: readonly string[]): string {
  const title = part.owner === null ? part.cluster.name : nameOfOwner(part.owner);
  const numbered = steps.map((step, index) => `${index + 1}. ${step.replaceAll('\n', '\n   ')}`);
  return `# ${title}\n\n${introduction(part)}\n\n${numbered.join('\n\n')}\n`;
}

function introduction({ of, id, cluster }: Pick<Part, 'of' | 'id' | 'cluster'>): string {
  const where = `the cluster ${cluster.name} in ${cluster.region} (account ${cluster.accountId})`;
  return of === 'run'
    ? `What podshift's run ${id} changed in ${where} and left so, for the code that describes it. Applied in this order, nothing changes in the cluster and the account but the annotations that go.`
    : `What podshift would change in ${where} by the plan ${id.slice(0, 12)}. Nothing of it is done yet: migrate first, then merge.`;
}

/** For code that podshift writes no file for. */
function byHand({ of, roles, associations, objects, addons }: Part): string {
  const [gains, has, gives, needs] =
    of === 'run' ? ['gained', 'has', 'gives', 'no longer needs'] : ['would gain', 'would have', 'would give', 'would no longer need'];
  const lines = [
    ...roles.map(({ roleArn }) => `the trust policy of ${roleArn} ${gains} a statement for pods.eks.amazonaws.com`),
    ...associations.map(
      ({ id, roleArn, association }) =>
        `${id} ${has} an association with ${roleArn}${association?.id == null ? '' : `: ${association.id}`}`,
    ),
    ...addons.map(
      ({ name, associations: list }) =>
        `the add-on ${name} ${gives} these service accounts their roles by Pod Identity: ${list.map(({ serviceAccount }) => serviceAccount).join(', ')}`,
    ),
    ...objects.flatMap(({ id, annotations }) => Object.keys(annotations).map((key) => `the service account ${id} ${needs} ${key}`)),
    ...objects.flatMap(({ changes }) => changes.map(({ object, field }) => `${object}${field === '' ? ' is new' : `: ${field}`}`)),
  ];
  return `podshift writes no file of this format for what was changed, or does not know where its code is kept. If it is kept anywhere, change it there; \`podshift export … --format FORMAT\` writes one of ${EXPORT_FORMATS.join(', ')}:\n\n${bullets(lines)}`;
}

function overview(source: ExportSource, folders: readonly { readonly name: string; readonly part: Part }[]): string {
  const { cluster, of } = source;
  const rows = folders.map(
    ({ name, part }) => `| [${name}](${name}/README.md) | ${part.roles.length} | ${part.associations.length} | ${part.objects.length} |`,
  );
  const table = ['| folder | trust policies | associations | service accounts |', '| --- | --- | --- | --- |', ...rows].join('\n');
  const order = [
    ...(of === 'plan' ? ['Migrate: `podshift run --cluster …`. Then export the run, which names the associations that were made.'] : []),
    'Trust policies: add the statements where the roles are made. The next apply would take them out otherwise, and with them the credentials.',
    'Associations and add-ons: import or describe them. Their tool must show no change.',
    'Annotations, last: remove them at their source. A rollback to IRSA needs them: keep them as long as you may want one.',
    `Look: \`podshift plan --cluster ${cluster.name} --region ${cluster.region}\` finds nothing to do.`,
  ].map((step, index) => `${index + 1}. ${step}`);
  const body =
    folders.length === 0
      ? `Nothing ${of === 'run' ? 'was' : 'would be'} changed that stands in anybody’s code.`
      : `${table}\n\n## Order\n\n${order.join('\n')}`;
  return `# Code for ${cluster.name}\n\n${introduction(source)}\n\n${body}\n`;
}
