import { describe, expect, it } from 'vitest';
import { valuesAt } from '../../../../src/inventory/consumers/fields.ts';
import { consumersIn, webIdentityOf } from '../../../../src/inventory/consumers/find.ts';
import { isLookedAt } from '../../../../src/inventory/consumers/scope.ts';
import type { KubernetesObject } from '../../../../src/kubernetes/gateway.ts';

const custom = (apiVersion: string, kind: string, spec: object, namespace: string | null = 'shop'): KubernetesObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', ...(namespace === null ? {} : { namespace }), annotations: { serviceAccountName: 'no' } },
  spec,
  status: { serviceAccountName: 'no' },
});
const reference = (name: string, namespace?: string) => ({
  serviceAccountRef: { name, ...(namespace === undefined ? {} : { namespace }) },
});
/** `NAMESPACE/NAME needs` of all that an object names. */
const told = (object: KubernetesObject) =>
  consumersIn(object).map(({ namespace, serviceAccount, needs }) => `${namespace}/${serviceAccount} ${needs}`);

describe('consumersIn', () => {
  it.each<[string, KubernetesObject, string[]]>([
    [
      'an Issuer of cert-manager, by Route 53 and not by Vault',
      custom('cert-manager.io/v1', 'Issuer', {
        acme: { solvers: [{ http01: {} }, { dns01: { route53: { auth: { kubernetes: reference('dns') } } } }] },
        vault: { auth: { kubernetes: reference('vault') } },
      }),
      ['shop/dns token', 'shop/vault nothing'],
    ],
    [
      'a ClusterIssuer, whose service account is of a namespace that it does not name',
      custom(
        'cert-manager.io/v1',
        'ClusterIssuer',
        { acme: { solvers: [{ dns01: { route53: { auth: { kubernetes: reference('dns') } } } }] } },
        null,
      ),
      ['*/dns token'],
    ],
    [
      'a SecretStore of Vault that signs in by IAM',
      custom('external-secrets.io/v1', 'SecretStore', { provider: { vault: { auth: { iam: { jwt: reference('v') } } } } }),
      ['shop/v token'],
    ],
    [
      'a SecretStore of another cloud',
      custom('external-secrets.io/v1', 'SecretStore', { provider: { azurekv: reference('a') } }),
      ['shop/a nothing'],
    ],
    [
      'a generator',
      custom('generators.external-secrets.io/v1alpha1', 'STSSessionToken', { auth: { jwt: reference('s') } }),
      ['shop/s token'],
    ],
    [
      'a generator for the whole cluster',
      custom(
        'generators.external-secrets.io/v1alpha1',
        'ClusterGenerator',
        { kind: 'ECRAuthorizationToken', generator: { ecrAuthorizationTokenSpec: { auth: { jwt: reference('e', 'ops') } } } },
        null,
      ),
      ['ops/e token'],
    ],
    [
      'Vault’s own operator, by the field that is a name and no reference',
      custom('secrets.hashicorp.com/v1beta1', 'VaultAuth', { aws: { irsaServiceAccount: 'v' }, kubernetes: { serviceAccount: 'k' } }),
      ['shop/v token', 'shop/k nothing'],
    ],
    [
      'a source of Flux at AWS',
      custom('source.toolkit.fluxcd.io/v1', 'OCIRepository', { provider: 'aws', serviceAccountName: 'f' }),
      ['shop/f token'],
    ],
    [
      'a source of Flux that only takes pull secrets',
      custom('source.toolkit.fluxcd.io/v1', 'OCIRepository', { provider: 'generic', serviceAccountName: 'f' }),
      ['shop/f nothing'],
    ],
    [
      'a TriggerAuthentication with a service account of its own',
      custom('keda.sh/v1alpha1', 'TriggerAuthentication', { podIdentity: { provider: 'aws', serviceAccountName: 'k' } }),
      ['shop/k token'],
    ],
    [
      'a CronWorkflow, in all of its templates',
      custom('argoproj.io/v1alpha1', 'CronWorkflow', {
        workflowSpec: { serviceAccountName: 'a', templates: [{ serviceAccountName: 'b' }], executor: { serviceAccountName: 'c' } },
      }),
      ['shop/a pods', 'shop/b pods', 'shop/c pods'],
    ],
    [
      'a Spark application, once, however often it names one',
      custom('sparkoperator.k8s.io/v1beta2', 'SparkApplication', {
        driver: { serviceAccount: 's' },
        executor: { serviceAccount: 's' },
        sparkConf: { 'spark.kubernetes.authenticate.driver.serviceAccountName': 's' },
      }),
      ['shop/s pods'],
    ],
    [
      'a runtime of Crossplane',
      custom('pkg.crossplane.io/v1beta1', 'DeploymentRuntimeConfig', { serviceAccountTemplate: { metadata: { name: 'p' } } }, null),
      ['*/p pods'],
    ],
    ['a cluster of CloudNativePG', custom('postgresql.cnpg.io/v1', 'Cluster', { instances: 3 }), ['shop/x pods']],
    ['Kafka of Strimzi', custom('kafka.strimzi.io/v1beta2', 'Kafka', {}), ['shop/x-kafka pods', 'shop/x-entity-operator pods']],
    ['Kafka Connect of Strimzi', custom('kafka.strimzi.io/v1beta2', 'KafkaConnect', {}), ['shop/x-connect pods']],
    [
      'an Istio policy, by principal',
      custom('security.istio.io/v1', 'AuthorizationPolicy', { rules: [{ from: [{ source: { principals: ['c/ns/ops/sa/api'] } }] }] }),
      ['ops/api nothing'],
    ],
    [
      'a kind that nobody knows, in every form',
      custom('example.com/v1', 'Thing', {
        serviceAccountName: 'a',
        pod_service_account_name: 'b',
        identities: ['system:serviceaccount:ops:c'],
        subjects: [{ kind: 'ServiceAccount', name: 'd', namespace: 'ops' }],
        serviceAccounts: ['e', 'ops/f', { name: 'g' }],
        serviceAccount: { create: true },
        automountServiceAccountToken: 'no',
        note: 'the service account h',
      }),
      ['a', 'b'].map((name) => `shop/${name} unknown`).concat(['ops/c', 'ops/d', 'shop/e', 'ops/f', 'shop/g'].map((id) => `${id} unknown`)),
    ],
  ])('reads %s', (_, object, expected) => {
    expect(told(object).sort()).toEqual([...expected].sort());
  });

  it('tells which field names the service account, and of which component it is', () => {
    expect(consumersIn(custom('tekton.dev/v1', 'PipelineRun', { taskRunTemplate: { serviceAccountName: 'ci' } }))).toEqual([
      {
        subject: 'PipelineRun/shop/x',
        namespace: 'shop',
        serviceAccount: 'ci',
        needs: 'pods',
        component: 'Tekton Pipelines',
        at: 'spec.taskRunTemplate.serviceAccountName',
      },
    ]);
  });

  it.each<[string, object, string | undefined]>([
    ['a provider class', { conf: { 'fs.s3a.provider': 'x.WebIdentityTokenCredentialsProvider' } }, 'spec.conf.fs.s3a.provider'],
    ['a variable', { env: [{ name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/x' }] }, 'spec.env[0].name'],
    ['the token’s file', { path: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token' }, 'spec.path'],
    ['Crossplane’s source', { credentials: { source: 'IRSA' } }, 'spec.credentials.source'],
    ['the default chain', { conf: { provider: 'DefaultAWSCredentialsProviderChain' } }, undefined],
  ])('sees the web-identity provider by %s', (_, spec, expected) => {
    expect(webIdentityOf(custom('example.com/v1', 'Thing', spec))).toBe(expected);
    const [fact] = consumersIn(custom('example.com/v1', 'Thing', { ...spec, serviceAccountName: 'a' }));
    expect(fact?.webIdentity).toBe(expected);
  });

  it.each([
    ['kyverno.io/v1', 'ClusterPolicy'],
    ['grafana.integreatly.org/v1beta1', 'GrafanaDashboard'],
    ['monitoring.coreos.com/v1', 'PrometheusRule'],
  ])('takes words about others in %s %s for nothing', (apiVersion, kind) => {
    expect(webIdentityOf(custom(apiVersion, kind, { text: 'AssumeRoleWithWebIdentity fails' }))).toBeUndefined();
  });
});

describe('valuesAt', () => {
  it('finds nothing where a part of the path is missing or of another type', () => {
    const object = { spec: { list: [{ a: 1 }, 2, { a: null }], text: 'x' } };
    expect(valuesAt(object, 'spec.list[].a')).toEqual([
      { value: 1, at: 'spec.list[0].a' },
      { value: null, at: 'spec.list[2].a' },
    ]);
    for (const path of ['spec.none.a', 'spec.text.a', 'spec.text[].a', 'none[].a']) expect(valuesAt(object, path)).toEqual([]);
  });
});

describe('isLookedAt', () => {
  it.each([
    ['', 'Secret', false],
    ['apps', 'Deployment', false],
    ['metrics.k8s.io', 'PodMetrics', false],
    ['argoproj.io', 'Rollout', false],
    ['wgpolicyk8s.io', 'PolicyReport', false],
    ['cilium.io', 'CiliumEndpoint', false],
    ['cilium.io', 'CiliumNetworkPolicy', true],
    ['secrets-store.csi.x-k8s.io', 'SecretProviderClass', true],
    ['gateway.networking.k8s.io', 'Gateway', true],
  ])('of %s/%s is %s', (group, kind, expected) => {
    expect(isLookedAt({ group, kind })).toBe(expected);
  });
});
