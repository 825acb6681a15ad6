import { describe, expect, it } from 'vitest';
import { CHARTS, chartOf } from '../../../../src/inventory/owners/chart-values.ts';
import { OWNER_MARKS } from '../../../../src/inventory/owners/marks.ts';
import { annotationOwners } from '../../../../src/inventory/owners/owners.ts';
import type { ManagedFields, ObjectMeta } from '../../../../src/kubernetes/gateway.ts';

const KEY = 'eks.amazonaws.com/role-arn';
const INSTANCE = 'app.kubernetes.io/instance';

/** A field manager that has set these annotations. */
const manager = (name: string, ...keys: string[]): ManagedFields => ({
  manager: name,
  operation: 'Update',
  fieldsV1: { 'f:metadata': { 'f:annotations': Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) } },
});
const release = { annotations: { 'meta.helm.sh/release-name': 'web' }, labels: { 'app.kubernetes.io/managed-by': 'Helm' } };
const applied = (labels: Record<string, string>) => ({
  'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ metadata: { labels, annotations: { [KEY]: 'x' } } }),
});

describe('the owners of an annotation', () => {
  it.each<[string, Partial<ObjectMeta>, [string, string][]]>([
    ['a manager that has set it', { managedFields: [manager('pulumi-kubernetes-1a2b3c4d', KEY)] }, [['pulumi', '']]],
    ['the manager with the name of its mark', { ...release, managedFields: [manager('helm', KEY)] }, [['helm', 'web']]],
    ['not a manager of other annotations', { managedFields: [manager('argocd-controller', 'a/b'), manager('kubectl-annotate', KEY)] }, []],
    [
      'nobody, where people set it on an object of Helm',
      { ...release, managedFields: [manager('helm', 'a/b'), manager('kubectl-edit', KEY)] },
      [],
    ],
    ['a tool beside people', { managedFields: [manager('kubectl-annotate', KEY), manager('kustomize-controller', KEY)] }, [['flux', '']]],
    [
      'the marks, where kubectl apply set it',
      { ...release, managedFields: [manager('kubectl-client-side-apply', KEY)] },
      [['helm', 'web']],
    ],
    ['the marks, where somebody unknown set it', { ...release, managedFields: [manager('acme', KEY)] }, [['helm', 'web']]],
    ['a controller by its name', { managedFields: [manager('profile-controller', KEY)] }, [['operator', 'profile-controller']]],
    [
      'two managers in order of kind',
      { managedFields: [manager('helm', KEY), manager('argocd-controller', KEY)] },
      [
        ['argo-cd', ''],
        ['helm', ''],
      ],
    ],
    [
      "Argo CD's label tracking",
      { labels: { [INSTANCE]: 'web-app' }, annotations: applied({ [INSTANCE]: 'web-app' }) },
      [['argo-cd', 'web-app']],
    ],
    [
      "Argo CD's label tracking of a chart",
      { labels: { [INSTANCE]: 'w', 'app.kubernetes.io/managed-by': 'Helm' }, annotations: applied({ [INSTANCE]: 'w' }) },
      [
        ['argo-cd', 'w'],
        ['helm', ''],
      ],
    ],
    ['not Argo CD by a label that was not applied', { labels: { [INSTANCE]: 'w' }, annotations: applied({}) }, []],
    ['not Argo CD by the label of a Helm release', { ...release, labels: { ...release.labels, [INSTANCE]: 'w' } }, [['helm', 'web']]],
    [
      'not Argo CD by text that is no JSON',
      { labels: { [INSTANCE]: 'w' }, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{' } },
      [],
    ],
    [
      'kapp, which applies as kubectl does',
      { labels: { [INSTANCE]: 'w', 'kapp.k14s.io/app': '1' }, annotations: applied({ [INSTANCE]: 'w' }) },
      [['kapp', '']],
    ],
    ['Kluctl by any of its keys', { annotations: { 'kluctl.io/hook': 'x' } }, [['kluctl', '']]],
    ['Config Sync', { annotations: { 'configmanagement.gke.io/managed': 'enabled' } }, [['config-sync', '']]],
    ['Crossplane', { labels: { 'crossplane.io/composite': 'app-x' } }, [['crossplane', 'app-x']]],
    ['Rancher Fleet', { annotations: { 'objectset.rio.cattle.io/id': 'default-app' } }, [['fleet', 'default-app']]],
    ['Spinnaker', { annotations: { 'moniker.spinnaker.io/application': 'app' } }, [['spinnaker', 'app']]],
    ['Pulumi by its label', { labels: { 'app.kubernetes.io/managed-by': 'pulumi' } }, [['pulumi', '']]],
    ['plain kubectl apply: nobody', { annotations: applied({ app: 'x' }) }, []],
  ])('are %s', (_, metadata, expected) => {
    expect(annotationOwners({ name: 'x', ...metadata }, KEY).map(({ kind, name }) => [kind, name])).toEqual(expected);
  });

  it.each(OWNER_MARKS)('knows the mark $key of $kind, from $source', ({ kind, on, key }) => {
    const metadata = { name: 'x', [on]: { [key.replace('*', 'x')]: 'value' } };
    expect(annotationOwners(metadata, KEY).map((owner) => owner.kind)).toContain(kind);
  });
});

describe('the chart of a service account', () => {
  it.each<[string, string, Record<string, string>, object | undefined]>([
    ['velero-server', 'velero-7.1.4', {}, { name: 'velero', value: 'serviceAccount.server.annotations' }],
    ['prometheus-server', 'prometheus-25.27.0', {}, { name: 'prometheus', value: 'serviceAccounts.server.annotations' }],
    [
      'ebs-csi-controller-sa',
      'aws-ebs-csi-driver-2.35.1',
      {},
      { name: 'aws-ebs-csi-driver', value: 'controller.serviceAccount.annotations' },
    ],
    ['ebs-csi-node-sa', 'aws-ebs-csi-driver-2.35.1', {}, { name: 'aws-ebs-csi-driver', value: 'node.serviceAccount.annotations' }],
    ['cert-manager', 'cert-manager-v1.15.3', {}, { name: 'cert-manager', value: 'serviceAccount.annotations' }],
    ['argocd-repo-server', 'argo-cd-7.5.2', {}, { name: 'argo-cd', value: 'repoServer.serviceAccount.annotations' }],
    ['argocd-server', 'argo-cd-7.5.2', {}, { name: 'argo-cd', value: 'server.serviceAccount.annotations' }],
    ['own', 'argo-cd-7.5.2', { 'app.kubernetes.io/component': 'server' }, { name: 'argo-cd', value: 'server.serviceAccount.annotations' }],
    ['own', 'argo-cd-7.5.2', {}, { name: 'argo-cd', value: null }],
    ['api', 'shop-api-0.1.0-rc.1', {}, { name: 'shop-api', value: null }],
    ['api', 'no version', {}, undefined],
  ])('gives %s of %s its value', (name, chart, labels, expected) => {
    expect(chartOf({ name, labels: { 'helm.sh/chart': chart, ...labels } })).toEqual(expected);
  });

  it('is not guessed', () => {
    expect(chartOf({ name: 'x' })).toBeUndefined();
  });

  it.each(CHARTS)('has a source for $chart, and one row of it', ({ chart, source, values }) => {
    expect(source).toMatch(/^[\w.-]+\/[\w.-]+, \S+\.yaml$/);
    expect(CHARTS.filter((row) => row.chart === chart)).toHaveLength(1);
    expect(values.length).toBeGreaterThan(0);
  });
});
