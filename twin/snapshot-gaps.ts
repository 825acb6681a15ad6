import type { KubernetesObject } from '../src/kubernetes/gateway.ts';
import { RESOURCES } from '../src/kubernetes/resources.ts';
import { isBuiltInGroup } from './kubernetes/kinds.ts';
import { qualifiedKind } from './snapshot-files.ts';
import type { CaptureRecord } from './snapshot-schemas.ts';

/** Something that a snapshot cannot tell: it is unknown, and not absent. */
export interface SnapshotGap {
  /** `missing`: a file that is not there; `file`: one that says nothing, or not enough; `kinds`: kinds of which the snapshot holds nothing, and nothing says that they were asked for. */
  readonly kind: 'missing' | 'file' | 'kinds';
  /** The file or folder, or the kinds. */
  readonly what: string;
  readonly why: string;
  /** The command that takes it. */
  readonly command: string;
}

/** How each file is made, by the AWS CLI. Words in capitals are the reader's. */
export const COMMANDS: Readonly<Record<string, string>> = {
  'eks/cluster.json': 'aws eks describe-cluster --name NAME',
  'eks/addons/': 'aws eks list-addons --cluster-name NAME, then aws eks describe-addon for each',
  'eks/addon-configurations/': 'aws eks describe-addon-configuration --addon-name ADDON --addon-version VERSION for each add-on',
  'eks/addon-versions.json': 'aws eks describe-addon-versions --kubernetes-version VERSION',
  'eks/pod-identity-associations/':
    'aws eks list-pod-identity-associations --cluster-name NAME, then aws eks describe-pod-identity-association for each',
  'eks/fargate-profiles/': 'aws eks list-fargate-profiles --cluster-name NAME, then aws eks describe-fargate-profile for each',
  'eks/nodegroups/': 'aws eks list-nodegroups --cluster-name NAME, then aws eks describe-nodegroup for each',
  'eks/access-entries/': 'aws eks list-access-entries --cluster-name NAME, then aws eks describe-access-entry for each',
  'iam/account-authorization-details.json': 'aws iam get-account-authorization-details --filter Role LocalManagedPolicy',
  'iam/open-id-connect-providers.json': 'aws iam list-open-id-connect-providers',
  'iam/account-summary.json': 'aws iam get-account-summary',
  'cloudtrail/events.json':
    'aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=AssumeRoleWithWebIdentity',
};

/** The command that makes a file of a snapshot. */
export function commandOf(file: string): string {
  const folder = file.slice(0, file.lastIndexOf('/') + 1);
  return COMMANDS[file] ?? COMMANDS[folder] ?? `kubectl get -A -o yaml KIND > ${file}`;
}

/** What says how a list was cut off: AWS's members, and the AWS CLI's own. Undefined for a page that is the last. */
export function cutOff(page: unknown): string | undefined {
  if (typeof page !== 'object' || page === null) return undefined;
  const { IsTruncated, NextToken, nextToken, Marker } = page as Record<string, unknown>;
  if (IsTruncated === true || IsTruncated === 'true') return 'IsTruncated';
  if (typeof NextToken === 'string' && NextToken !== '') return 'NextToken';
  if (typeof nextToken === 'string' && nextToken !== '') return 'nextToken';
  return typeof Marker === 'string' && Marker !== '' && IsTruncated === undefined ? 'Marker' : undefined;
}

/** Kinds that every cluster serves and podshift reads, as `KIND` or `KIND.GROUP`, with the names that kubectl takes. */
const KINDS = Object.values(RESOURCES)
  .filter(({ group }) => group === '' || !group.includes('.') || group.endsWith('.k8s.io'))
  .filter(({ group }) => !group.includes('.x-k8s.io'))
  .map(({ group, version, kind, plural }) => ({
    name: qualifiedKind({ apiVersion: group === '' ? version : `${group}/${version}`, kind }),
    kubectl: group === '' ? plural : `${plural}.${group}`,
  }));

/** Whose objects say which custom kinds a cluster has: without them nobody can ask for those. */
const DEFINITIONS: NamedKind = {
  name: 'CustomResourceDefinition.apiextensions.k8s.io',
  kubectl: 'customresourcedefinitions.apiextensions.k8s.io',
};

/** What a snapshot says of the kinds it holds. */
export interface KindsSeen {
  /** Kinds of objects and of lists, as `KIND` or `KIND.GROUP`. */
  readonly held: ReadonlySet<string>;
  /** Names of files under `kubernetes/`, without their endings: one that is named like a kind says that the kind was asked for. */
  readonly files: readonly string[];
  readonly capture: CaptureRecord | undefined;
}

/** A kind as `KIND` or `KIND.GROUP`, and its plural name as kubectl takes it. */
interface NamedKind {
  readonly name: string;
  readonly kubectl: string;
}

/** Whether something says that a kind was looked at: an object, a list, a file that is named like it, or the record of a capture. */
function lookedAt({ held, files, capture }: KindsSeen): (kind: NamedKind) => boolean {
  const asked = new Set(files.flatMap((name) => name.toLowerCase().split(/[,+]/)));
  const read = new Set((capture?.kinds ?? []).filter(({ outcome }) => outcome === 'read').map(kindOf));
  return ({ name, kubectl }) => held.has(name) || read.has(name) || asked.has(kubectl) || asked.has(kubectl.split('.')[0] as string);
}

/** Custom kinds that the cluster has, by its definitions or by the record of a capture, and whose objects nothing says were looked at. */
export function unknownKinds(definitions: readonly KubernetesObject[], seen: KindsSeen): NamedKind[] {
  const defined = definitions.flatMap(({ spec }): NamedKind[] => {
    const { group, names } = spec ?? {};
    if (typeof group !== 'string' || typeof names?.kind !== 'string') return [];
    return [{ name: `${names.kind}.${group}`, kubectl: `${names.plural ?? names.kind.toLowerCase()}.${group}` }];
  });
  const recorded = (seen.capture?.kinds ?? [])
    .filter(({ group, outcome }) => outcome !== 'absent' && !isBuiltInGroup(group === '' ? 'v1' : `${group}/v1`))
    .map((one) => ({ name: kindOf(one), kubectl: `${one.plural ?? one.kind.toLowerCase()}.${one.group}` }));
  const isKnown = lookedAt(seen);
  const unknown = [...defined, ...recorded].filter((kind) => !isKnown(kind));
  return [...new Map(unknown.map((kind) => [kind.name, kind])).values()];
}

/** The kinds that podshift reads and of which nothing says whether there are any; undefined where there are none such. */
export function kindsGap(seen: KindsSeen, custom: readonly NamedKind[]): SnapshotGap | undefined {
  const isKnown = lookedAt(seen);
  // What the record of a capture says of a kind is told by itself.
  const recorded = new Set((seen.capture?.kinds ?? []).map(kindOf));
  // The record of a capture names every kind that the cluster serves.
  const common = recorded.size > 0 ? KINDS : [...KINDS, DEFINITIONS];
  const missing = [...common.filter((kind) => !isKnown(kind)), ...custom].filter(({ name }) => !recorded.has(name));
  if (missing.length === 0) return undefined;
  const customs = missing.includes(DEFINITIONS) ? '; then the kinds that the definitions name, as it takes these' : '';
  return {
    kind: 'kinds',
    what: missing.map(({ name }) => (custom.some((one) => one.name === name) ? name : name.split('.')[0])).join(', '),
    why: 'there are none in the snapshot, and nothing says that they were asked for',
    // A list of several kinds says nothing of those of which there are none: a file that is named like its kind does.
    command: `for k in ${missing.map(({ kubectl }) => kubectl).join(' ')}; do kubectl get -A -o yaml $k > kubernetes/$k.yaml; done${customs}`,
  };
}

/** What `capture.json` says could not be read. */
export function captureGaps(capture: CaptureRecord | undefined): SnapshotGap[] {
  if (capture === undefined) return [];
  const said = { denied: 'reading it was denied', failed: 'reading it failed', 'not-asked': 'it was not asked for', read: '', absent: '' };
  const lacking = <T extends { outcome: keyof typeof said; reason?: string | undefined }>(list: readonly T[]) =>
    list.filter(({ outcome }) => said[outcome] !== '');
  const why = ({ outcome, reason }: { outcome: keyof typeof said; reason?: string | undefined }) =>
    reason === undefined ? said[outcome] : `${said[outcome]}: ${reason}`;
  return [
    ...lacking(capture.kinds).map((one) => ({
      kind: 'kinds' as const,
      what: kindOf(one),
      why: why(one),
      command: `kubectl get -A -o yaml ${one.plural ?? one.kind.toLowerCase()}${one.group === '' ? '' : `.${one.group}`}`,
    })),
    ...capture.unanswered.map((group) => ({
      kind: 'kinds' as const,
      what: `*.${group}`,
      why: 'the server of this group did not answer',
      command: `kubectl get -A -o yaml $(kubectl api-resources --verbs=list -o name --api-group=${group} | paste -sd,)`,
    })),
    ...lacking(capture.files).map((one) => ({ kind: 'file' as const, what: one.file, why: why(one), command: commandOf(one.file) })),
  ];
}

function kindOf({ group, version, kind }: { group: string; version: string; kind: string }): string {
  return qualifiedKind({ apiVersion: group === '' ? version : `${group}/${version}`, kind });
}
