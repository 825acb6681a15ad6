import { describe, expect, it } from 'vitest';
import { isAppliedByEks, objectOwners, roleOwners } from '../../../../src/inventory/owners/owners.ts';
import type { ObjectMeta } from '../../../../src/kubernetes/gateway.ts';

describe('owners', () => {
  it.each<[string, Partial<ObjectMeta>, [string, string][]]>([
    ['nobody', {}, []],
    ["Argo CD's label", { labels: { 'argocd.argoproj.io/instance': 'shop' } }, [['argo-cd', 'shop']]],
    ["Argo CD's tracking id", { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/x' } }, [['argo-cd', 'shop']]],
    ["Flux's Kustomization", { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }, [['flux', 'apps']]],
    ["Flux's HelmRelease", { labels: { 'helm.toolkit.fluxcd.io/name': 'apps' } }, [['flux', 'apps']]],
    [
      "Helm's release",
      { annotations: { 'meta.helm.sh/release-name': 'r' }, labels: { 'app.kubernetes.io/managed-by': 'Helm' } },
      [['helm', 'r']],
    ],
    ["Helm's label alone", { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }, [['helm', '']]],
    ["CDK's prune label", { labels: { 'aws.cdk.eks/prune-c8': '' } }, [['cloudformation', '']]],
    ['eksctl', { labels: { 'app.kubernetes.io/managed-by': 'eksctl' } }, [['eksctl', '']]],
    ['an operator by its label', { labels: { 'app.kubernetes.io/managed-by': 'tempo-operator' } }, [['operator', 'tempo-operator']]],
    ['kubectl', { labels: { 'app.kubernetes.io/managed-by': 'kubectl' } }, []],
    ['OLM', { labels: { 'olm.owner': 'ack' } }, [['operator', 'ack']]],
    ['an owner reference', { ownerReferences: [{ apiVersion: 'a/v1', kind: 'Kafka', name: 'k', uid: 'u' }] }, [['operator', 'Kafka k']]],
    ['Terraform by its field manager', { managedFields: [{ manager: 'Terraform' }] }, [['terraform', '']]],
    ['an operator by its field manager', { managedFields: [{ manager: 'ack-operator' }, {}] }, [['operator', 'ack-operator']]],
    ['kubectl by its field manager', { managedFields: [{ manager: 'kubectl-client-side-apply' }] }, []],
    [
      'two, in order of kind',
      { annotations: { 'meta.helm.sh/release-name': 'r' }, managedFields: [{ manager: 'helm' }, { manager: 'argocd-controller' }] },
      [
        ['argo-cd', ''],
        ['helm', 'r'],
      ],
    ],
  ])('sees %s', (_, metadata, expected) => {
    expect(objectOwners({ name: 'x', ...metadata }).map(({ kind, name }) => [kind, name])).toEqual(expected);
  });

  it.each<[string, Record<string, string>, [string, string][]]>([
    ['no tags', {}, []],
    ['CloudFormation', { 'aws:cloudformation:stack-name': 's' }, [['cloudformation', 's']]],
    [
      'eksctl',
      { 'alpha.eksctl.io/cluster-name': 'c', 'aws:cloudformation:stack-name': 's' },
      [
        ['cloudformation', 's'],
        ['eksctl', 'c'],
      ],
    ],
    ['Terraform by its manager', { ManagedBy: 'Terraform' }, [['terraform', '']]],
    ['OpenTofu', { provisioner: 'opentofu' }, [['terraform', '']]],
    ['Terraform by its name', { terraform: 'true' }, [['terraform', '']]],
    ['not Terraform', { terraform: 'false' }, []],
    ['another manager', { 'managed-by': 'hand', team: 'terraform' }, []],
  ])('reads tags: %s', (_, tags, expected) => {
    expect(roleOwners(tags).map(({ kind, name }) => [kind, name])).toEqual(expected);
  });

  it("knows EKS's own field manager", () => {
    expect(isAppliedByEks({ name: 'x', managedFields: [{ manager: 'eks' }] })).toBe(true);
    expect(isAppliedByEks({ name: 'x', managedFields: [{ manager: 'eksctl' }] })).toBe(false);
    expect(isAppliedByEks({ name: 'x' })).toBe(false);
  });
});
