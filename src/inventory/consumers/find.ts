import type { KubernetesObject } from '../../kubernetes/gateway.ts';
import type { IndirectUserFact } from '../../model/inventory.ts';
import { valuesAt } from './fields.ts';
import { rowsOf } from './kinds.ts';
import { addReference, type NamedAccount, namedAccounts, webIdentityIn } from './names.ts';
import type { ConsumerKind } from './row.ts';

/** The subject of findings about a custom resource: `Kind/namespace/name`, or `Kind/name` of one that has no namespace. */
export function subjectOf({ kind, metadata: { namespace, name } }: KubernetesObject): string {
  return [kind, ...(namespace === undefined ? [] : [namespace]), name].join('/');
}

/** Kinds whose text is about what others do: policies, rules, dashboards. Words in it configure nothing of AWS. */
const ABOUT_OTHERS =
  /^(kyverno\.io|policies\.kyverno\.io|constraints\.gatekeeper\.sh|templates\.gatekeeper\.sh|grafana\.integreatly\.org|security\.istio\.io)\/|^monitoring\.coreos\.com\/(PrometheusRule|ServiceMonitor|PodMonitor)$/;

/** Where an object's text names the web-identity provider; undefined where it does not, or only talks about others. */
export function webIdentityOf(object: KubernetesObject): string | undefined {
  return ABOUT_OTHERS.test(kindOf(object)) ? undefined : webIdentityIn(object);
}

/**
 * The service accounts that a custom resource names, with what it needs of them: by the rows of its kind, and beyond them by every
 * field that names one. `*` stands for the namespaces that an object without one is used from.
 */
export function consumersIn(object: KubernetesObject): IndirectUserFact[] {
  const rows = rowsOf(...(kindOf(object).split('/') as [string, string]));
  const byRow = rows.flatMap((row) => accountsOf(row, object).map((account) => ({ row, account })));
  const taken = new Set(byRow.map(({ account }) => account.at));
  const otherwise = rows.find(({ at }) => at === '**');
  const others = namedAccounts(object)
    .filter(({ at }) => ![...taken].some((field) => at === field || at.startsWith(`${field}.`)))
    .map((account) => ({ row: otherwise, account }));
  const webIdentity = webIdentityOf(object);
  const found = [...byRow, ...others].map(({ row, account }): IndirectUserFact => {
    const needs = row?.needs ?? 'unknown';
    return {
      subject: subjectOf(object),
      namespace: namespaceOf(object, account),
      serviceAccount: account.name,
      needs,
      at: account.at,
      ...(rows[0] === undefined ? {} : { component: rows[0].component }),
      // What exchanges the token itself is told so already.
      ...(webIdentity === undefined || needs === 'token' || needs === 'nothing' ? {} : { webIdentity }),
    };
  });
  return strongest(found);
}

function kindOf({ apiVersion, kind }: KubernetesObject): string {
  return `${apiVersion.split('/')[0]}/${kind}`;
}

/** A reference with a namespace may name another one only from an object that has none: an object's own namespace outranks it. */
function namespaceOf({ metadata }: KubernetesObject, { namespace, at }: NamedAccount): string {
  const isReference = /serviceAccountRef/i.test(at);
  if (isReference) return metadata.namespace ?? namespace ?? '*';
  return namespace ?? metadata.namespace ?? '*';
}

function accountsOf(row: ConsumerKind, object: KubernetesObject): NamedAccount[] {
  const { at, where } = row;
  if (at === '**') return [];
  if (where !== undefined && !valuesAt(object, where[0]).some(({ value }) => value === where[1])) return [];
  if (at.startsWith('{name}')) return [{ namespace: undefined, name: at.replace('{name}', object.metadata.name), at: 'metadata.name' }];
  const found: NamedAccount[] = [];
  const add = (namespace: string | undefined, name: string, field: string): void => void found.push({ namespace, name, at: field });
  for (const { value, at: field } of valuesAt(object, at)) addReference(value, field, add);
  return found;
}

const STRENGTH: readonly IndirectUserFact['needs'][] = ['token', 'annotation', 'unknown', 'pods', 'nothing'];

/** An object that names a service account in several fields is told once, by what it needs most. */
function strongest(facts: readonly IndirectUserFact[]): IndirectUserFact[] {
  const groups = Map.groupBy(facts, ({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`);
  return [...groups.values()].map(
    (group) => [...group].sort((a, b) => STRENGTH.indexOf(a.needs) - STRENGTH.indexOf(b.needs))[0] as IndirectUserFact,
  );
}
