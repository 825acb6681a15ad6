import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { badRequest } from './status.ts';

/** A selector, read: whether an object is chosen. */
export type Matcher = (object: KubernetesObject) => boolean;

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Whether `labels` meet one requirement of a label selector or of a node selector. */
export function meets(labels: Readonly<Record<string, string>>, { key, operator, values = [] }: Requirement): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

/** A LabelSelector (`matchLabels`, `matchExpressions`) over labels. An empty one chooses all, an absent one nothing. */
export function matchesSelector(
  selector: { matchLabels?: Record<string, string>; matchExpressions?: Requirement[] } | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  if (selector === undefined) {
    return false;
  }
  const given = labels ?? {};
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => given[key] === value) &&
    (selector.matchExpressions ?? []).every((requirement) => meets(given, requirement))
  );
}

/** Reads a `labelSelector` parameter: `a=b,c!=d,e in (x,y),f notin (z),g,!h`. Throws the 400 of a bad one. */
export function parseLabelSelector(text: string): Matcher {
  const requirements = splitOutsideParentheses(text).map((part): Requirement => {
    const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(part);
    if (set !== null) {
      return {
        key: set[1] as string,
        operator: set[2] === 'in' ? 'In' : 'NotIn',
        values: (set[3] as string).split(',').map((value) => value.trim()),
      };
    }
    const comparison = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/.exec(part);
    if (comparison !== null) {
      return { key: comparison[1] as string, operator: comparison[2] === '!=' ? 'NotIn' : 'In', values: [comparison[3] as string] };
    }
    const existence = /^(!?)\s*([A-Za-z0-9._/-]+)$/.exec(part);
    if (existence !== null) {
      return { key: existence[2] as string, operator: existence[1] === '!' ? 'DoesNotExist' : 'Exists' };
    }
    throw badRequest(`unable to parse requirement: ${part}`);
  });
  return (object) => requirements.every((requirement) => meets(object.metadata.labels ?? {}, requirement));
}

/** Fields beyond metadata that a list may be chosen by. Pods: k8s.io/kubernetes pkg/apis/core/v1/conversion.go */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  Node: ['spec.unschedulable'],
  Namespace: ['status.phase'],
  ReplicaSet: ['status.replicas'],
  Job: ['status.successful'],
  ReplicationController: ['status.replicas'],
  Secret: ['type'],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
};

/** Reads a `fieldSelector` parameter. Throws the 400 of a field that this kind is not selectable by. */
export function parseFieldSelector(kind: string, text: string): Matcher {
  const terms = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const parsed = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
      if (parsed === null) {
        throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
      }
      const [, field = '', operator, value = ''] = parsed;
      if (field !== 'metadata.name' && field !== 'metadata.namespace' && SELECTABLE[kind]?.includes(field) !== true) {
        throw badRequest(`field label not supported: ${field}`);
      }
      return { path: field.split('.'), wanted: value, negated: operator === '!=' };
    });
  return (object) =>
    terms.every(({ path, wanted, negated }) => {
      const found = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
      return (String(found ?? (path.at(-1) === 'hostNetwork' ? false : '')) === wanted) !== negated;
    });
}

function splitOutsideParentheses(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
