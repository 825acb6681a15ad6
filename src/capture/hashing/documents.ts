import { parse as parseYaml } from 'yaml';
import { hasCustomResources } from '../../inventory/consumers/scope.ts';
import { CHARTS } from '../../inventory/owners/chart-values.ts';
import { isByHand, toolOf } from '../../inventory/owners/managers.ts';
import { isOf } from '../../model/known-software/known-software.ts';
import { KNOWN_SOFTWARE } from '../../model/known-software/table.ts';
import type { Token } from '../redaction/replacement.ts';
import {
  CUSTOM_FIELDS,
  DATA_FIELDS,
  FREE_FIELDS,
  IMAGE_FIELDS,
  JUDGED_KEY,
  KEPT_FIELDS,
  LISTED_VALUE,
  NAMED_FIELDS,
  VALUES_FIELDS,
} from './fields.ts';
import type { Texts } from './texts.ts';

type Holder = Readonly<Record<string, unknown>>;

/** Where in a document a value stands. */
interface Place {
  /** The field that holds it. */
  readonly field: string;
  /** Whether its keys, if it has any, are somebody's: none, all, or those that no kind is known to have. */
  readonly keys: 'fields' | 'data' | 'custom';
}

/** Replaces the names of answers; `texts` does so in texts, and `token` stands for whole ones. */
export function createDocuments(texts: Texts, token: Token): { hide(document: unknown): unknown } {
  const { hide } = texts;

  const any = (value: unknown, place: Place): unknown => {
    if (typeof value === 'string') return text(value, place);
    if (Array.isArray(value)) return value.map((item) => any(item, place));
    return isHolder(value) ? holder(value, place) : value;
  };

  const holder = (value: Holder, place: Place): Holder => {
    const keys = isCustom(value) ? 'custom' : place.keys;
    // The kinds of a group that nobody knows are somebody's, as their group is.
    const isOwn = isOwnKind(value);
    const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
      if (isOwn && (key === 'kind' || key === 'plural') && typeof inner === 'string') return [key, hide(inner)];
      if (key === 'manager' && typeof inner === 'string') return [key, manager(inner)];
      return [keyOf(key, place, keys), any(inner, { field: key, keys: keysBelow(key, place, keys) })];
    });
    return Object.fromEntries(entries);
  };

  const keyOf = (key: string, { field }: Place, keys: Place['keys']): string => {
    if (DATA_FIELDS.has(field) || keys === 'data') return hide(key);
    if (key.startsWith('k:') || key.startsWith('v:')) return `${key.slice(0, 2)}${text(key.slice(2), { field: key, keys: 'fields' })}`;
    if (keys === 'custom' && !CUSTOM_FIELDS.has(key) && !JUDGED_KEY.test(key) && !key.startsWith('f:')) return hide(key);
    return key;
  };

  const keysBelow = (key: string, { field }: Place, keys: Place['keys']): Place['keys'] => {
    if (keys === 'custom' || VALUES_FIELDS.has(key)) return 'custom';
    // Condition keys stand below their operator
    return field === 'Condition' && key !== 'Condition' ? 'data' : 'fields';
  };

  const text = (value: string, { field, keys }: Place): string => {
    if (value === '' || (KEPT_FIELDS.has(field) && keys !== 'custom')) return value;
    if (FREE_FIELDS.has(field)) return hide(token(value));
    if (field === 'helm.sh/chart' && CHARTS.some(({ chart }) => value.startsWith(`${chart}-`))) return value;
    if (IMAGE_FIELDS.has(field)) return image(value, hide);
    if (field === 'apiVersion' || field === 'group' || field === 'apiGroup')
      return isOwnGroup(value.split('/')[0] as string) ? hide(value) : value;
    if (field === 'userAgent') return value.split(' ').map(hide).join(' ');
    const inner = field === 'configurationValues' ? configuration(value) : documentIn(value);
    if (inner !== undefined) return JSON.stringify(any(inner, { field: '', keys: field === 'configurationValues' ? 'custom' : 'fields' }));
    if (keys === 'fields' && !NAMED_FIELDS.test(field) && !DATA_FIELDS.has(field) && LISTED_VALUE.test(value)) return value;
    return hide(value);
  };

  const manager = (name: string): string =>
    (toolOf(name) !== undefined && toolOf(name) !== 'operator') || isByHand([name]) ? name : hide(name);

  return { hide: (document) => any(document, { field: '', keys: 'fields' }) };
}

/** A repository that podshift or AWS knows keeps its name; the registry and the folders of a user's own do not. */
function image(reference: string, hide: Token): string {
  if (AMAZON.test(reference)) return reference;
  const [, repository = '', rest = ''] = /^(.*?)((?:[:@][^/]*)?)$/.exec(reference) ?? [];
  const isKnown = KNOWN_SOFTWARE.some((row) => isOf(row, repository));
  const known = isKnown
    ? (/(?:[^/]+\/)?[^/]+$/.exec(repository)?.[0] ?? '')
    : (/\/eks\/[\w./-]+$|(?:^|\/)cilium\/cilium(?:-ci)?$/.exec(repository)?.[0] ?? '');
  const before = repository.slice(0, repository.length - known.length);
  return `${hide(before)}${known}${hide(rest)}`;
}

/** Registries of EKS's own images, one account for each group of regions (EKS User Guide, "Amazon container image registries"). */
const AMAZON =
  /^(public\.ecr\.aws\/(eks|aws-\w+|karpenter)\/|(602401143452|877085696533|800184023465|590381155156|455263428931|558608220178|759879836304|918309763551|961992271922|013241004608|151742754352|900889452093|491585149902|296578399912|066635153087)\.dkr\.ecr\.)/;

/** Whether a group of kinds is somebody's own, and none of Kubernetes, AWS or software that podshift knows. */
export function isOwnGroup(group: string): boolean {
  if (!group.includes('.') || !hasCustomResources(group)) return false;
  return !KNOWN_GROUPS.test(group);
}

/** Groups of software that podshift knows end with these. */
const KNOWN_GROUPS =
  /(^|\.)(k8s\.io|x-k8s\.io|kubernetes\.io|k8s\.aws|amazonaws\.com|argoproj\.io|fluxcd\.io|crossplane\.io|upbound\.io|istio\.io|linkerd\.io|kuma\.io|cilium\.io|hashicorp\.com|karpenter\.sh|keda\.sh|cert-manager\.io|external-secrets\.io|projectcalico\.org|kyverno\.io|gatekeeper\.sh|pulumi\.com|gke\.io|cattle\.io|coreos\.com|knative\.dev|tekton\.dev|kubeflow\.org|ray\.io|apache\.org|strimzi\.io|kserve\.io|volcano\.sh|kruise\.io|stackgres\.io|cnpg\.io|zalan\.do|crunchydata\.com|elastic\.co|victoriametrics\.com|opentelemetry\.io|grafana\.com|summerwind\.dev|altinity\.com|kpack\.io|keikoproj\.io|redradrat\.xyz|github\.com|velero\.io|integreatly\.org)$/;

function isOwnKind(value: Holder): boolean {
  const group = [value.group, value.apiGroup, typeof value.apiVersion === 'string' ? value.apiVersion.split('/')[0] : undefined].find(
    (one) => typeof one === 'string',
  );
  return typeof group === 'string' && isOwnGroup(group);
}

/** Whether an object is of a kind that nobody knows, whose fields are somebody's. */
function isCustom(value: Holder): boolean {
  return typeof value.apiVersion === 'string' && isHolder(value.metadata) && isOwnKind(value);
}

function configuration(text: string): unknown {
  const inner = documentIn(text);
  if (inner !== undefined) return inner;
  try {
    const value: unknown = parseYaml(text);
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The document that a text is the JSON of; undefined for any other text. */
function documentIn(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isHolder(value: unknown): value is Holder {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
