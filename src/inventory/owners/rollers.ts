import type { ObjectMeta } from '../../kubernetes/gateway.ts';

/** Operators that leave the update strategy of their sets at OnDelete and roll the pods themselves, by a label of theirs. */
// biome-ignore format: a table, one row a line
export const ROLLERS: readonly { readonly label: string; readonly operator: string; readonly source: string }[] = [
  { label: 'rollout-group', operator: 'Grafana rollout-operator', source: 'https://github.com/grafana/rollout-operator#readme' },
  { label: 'common.k8s.elastic.co/type', operator: 'Elastic Cloud on Kubernetes', source: 'https://www.elastic.co/docs/deploy-manage/deploy/cloud-on-k8s/nodes-orchestration' },
  { label: 'clickhouse.altinity.com/chi', operator: 'Altinity ClickHouse operator', source: 'https://github.com/Altinity/clickhouse-operator' },
  { label: 'postgres-operator.crunchydata.com/cluster', operator: 'Crunchy Postgres operator', source: 'https://access.crunchydata.com/documentation/postgres-operator/latest' },
  { label: 'stackgres.io/cluster-name', operator: 'StackGres operator', source: 'https://stackgres.io/doc/latest/' },
  { label: 'cluster-name', operator: 'Zalando Postgres operator', source: 'https://postgres-operator.readthedocs.io/' },
];

/** The operator that rolls a set's pods itself, as its labels or `app.kubernetes.io/managed-by` say; undefined where none does. */
export function rollerOf({ labels = {} }: ObjectMeta): string | undefined {
  const known = ROLLERS.find(({ label }) => labels[label] !== undefined && (label !== 'cluster-name' || labels.application === 'spilo'));
  if (known !== undefined) return known.operator;
  const managedBy = labels['app.kubernetes.io/managed-by'] ?? '';
  return /operator/i.test(managedBy) ? managedBy : undefined;
}
