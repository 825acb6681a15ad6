import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { exportFiles } from '../../../../src/report/exports/export.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../../../../src/report/exports/formats.ts';
import { type ExportedUnit, type ExportSource, sourceOfPlan } from '../../../../src/report/exports/source.ts';
import { sidPrefix } from '../../../../src/trust/own-statement.ts';

const CLUSTER = 'arn:aws:eks:eu-central-1:444455556666:cluster/pier';
const ROLE = 'arn:aws:iam::444455556666:role/team/pier-cart';
const KEY = 'eks.amazonaws.com/role-arn';

function unit(changes: Partial<ExportedUnit> = {}): ExportedUnit {
  return {
    id: 'shop/cart',
    namespace: 'shop',
    serviceAccount: 'cart',
    roleArn: ROLE,
    association: {
      id: 'a-0123456789abcdef0',
      arn: 'arn:aws:eks:eu-central-1:444455556666:podidentityassociation/pier/a-0123456789abcdef0',
      tags: { 'podshift/run': 'run1' },
    },
    annotations: { [KEY]: ROLE },
    owners: [],
    chart: null,
    changes: [],
    ...changes,
  };
}

function source(changes: Partial<ExportSource> = {}): ExportSource {
  const cluster = { arn: CLUSTER, name: 'pier', region: 'eu-central-1', accountId: '444455556666', partition: 'aws' };
  return { of: 'run', id: 'run1', cluster, units: [unit()], roles: [], addons: [], ...changes };
}

function written(of: ExportSource, format: ExportFormat | null): ReadonlyMap<string, string> {
  return new Map(exportFiles(of, format).map(({ path, content }) => [path, content]));
}

/** What each tool's own schema knows, with where it was read. */
const SCHEMAS = {
  // eksctl-io/eksctl 99984adb, pkg/apis/eksctl.io/v1alpha5/assets/schema.json: PodIdentityAssociation (Apache-2.0)
  eksctl: [
    'createServiceAccount',
    'disableSessionTags',
    'namespace',
    'permissionPolicy',
    'permissionPolicyARNs',
    'permissionPolicyName',
    'permissionsBoundaryARN',
    'policy',
    'roleARN',
    'roleName',
    'serviceAccountName',
    'tags',
    'targetRoleARN',
    'wellKnownPolicies',
  ],
  // aws-controllers-k8s/eks-controller fcb75698, config/crd/bases/eks.services.k8s.aws_podidentityassociations.yaml: spec (Apache-2.0)
  ack: [
    'clientRequestToken',
    'clusterName',
    'clusterRef',
    'disableSessionTags',
    'namespace',
    'policy',
    'roleARN',
    'roleRef',
    'serviceAccount',
    'tags',
    'targetRoleARN',
    'targetRoleRef',
  ],
  // crossplane-contrib/provider-upjet-aws 75a4c571, package/crds/eks.aws.upbound.io_podidentityassociations.yaml: spec.forProvider (Apache-2.0)
  crossplane: [
    'clusterName',
    'clusterNameRef',
    'clusterNameSelector',
    'disableSessionTags',
    'namespace',
    'region',
    'roleArn',
    'roleArnRef',
    'roleArnSelector',
    'serviceAccount',
    'tags',
    'targetRoleArn',
    'targetRoleArnRef',
    'targetRoleArnSelector',
  ],
} as const;

describe('an export', () => {
  it.each([
    [
      'eksctl',
      'cluster.yaml',
      (document: never) => (document as { iam: { podIdentityAssociations: object[] } }).iam.podIdentityAssociations[0],
    ],
    ['ack', 'associations.yaml', (document: never) => (document as { spec: object }).spec],
    ['crossplane', 'associations.yaml', (document: never) => (document as { spec: { forProvider: object } }).spec.forProvider],
  ] as const)('as %s has no field that its schema does not know', (format, path, fieldsOf) => {
    const [document] = parseAllDocuments(written(source(), format).get(path) ?? '');
    const fields = Object.keys(fieldsOf(document?.toJS() as never) ?? {});
    expect(fields.length).toBeGreaterThan(3);
    expect(SCHEMAS[format]).toEqual(expect.arrayContaining(fields));
  });

  it.each(EXPORT_FORMATS)('of a plan as %s imports nothing, and says that the run comes first', (format) => {
    const plan = source({ of: 'plan', id: 'd'.repeat(64), units: [unit({ association: { id: null, arn: null, tags: {} } })] });
    const all = written(plan, format);
    for (const path of ['imports.tf', 'resources-to-import.json', 'resource-mapping.json']) expect(all.has(path)).toBe(false);
    expect([...all.values()].join('\n')).not.toMatch(/null,null|undefined|adoption|external-name/);
    expect(all.get('README.md')).toMatch(/after the run|migrate first/i);
  });

  it('as terraform keeps what HCL would take for a template as it is', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what is tested
    const of = source({ units: [unit({ association: { id: 'a-1', arn: 'a', tags: { key: '${aws.x} %{if} "quoted"\n' } } })] });
    expect(written(of, 'terraform').get('associations.tf')).toContain('"key" = "$${aws.x} %%{if} \\"quoted\\"\\n"');
  });

  it('as terraform has each statement as blocks of aws_iam_policy_document', () => {
    const statement = {
      Sid: `${sidPrefix(CLUSTER)}0`,
      Effect: 'Allow',
      Principal: { Service: 'pods.eks.amazonaws.com' },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      Condition: { StringEquals: { 'aws:SourceAccount': '444455556666', 'aws:RequestTag/kubernetes-namespace': ['a', 'b'] } },
    };
    const roles = [
      {
        roleArn: ROLE,
        roleName: 'pier-cart',
        statements: [statement],
        document: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
        owners: [],
      },
    ];
    expect(
      written(source({ roles }), 'terraform').get('trust/team-pier-cart.statements.hcl'),
    ).toBe(`# Made by podshift export from run run1, cluster pier (eu-central-1).
statement {
  sid     = "${statement.Sid}"
  effect  = "Allow"
  actions = ["sts:AssumeRole", "sts:TagSession"]

  principals {
    type        = "Service"
    identifiers = ["pods.eks.amazonaws.com"]
  }

  condition {
    test     = "StringEquals"
    variable = "aws:SourceAccount"
    values   = ["444455556666"]
  }

  condition {
    test     = "StringEquals"
    variable = "aws:RequestTag/kubernetes-namespace"
    values   = ["a", "b"]
  }
}
`);
  });

  it('as helm puts several service accounts of one chart into one values file, and names the place of an unknown chart', () => {
    const owners = [{ kind: 'helm', name: 'keda' }] as const;
    const units = [
      unit({ id: 'keda/one', owners, chart: { name: 'keda', value: 'serviceAccount.operator.annotations' } }),
      unit({ id: 'keda/two', owners, chart: { name: 'keda', value: 'serviceAccount.webhooks.annotations' } }),
      unit({ id: 'shop/own', owners: [{ kind: 'helm', name: 'own' }], chart: { name: 'own', value: null } }),
    ];
    const all = written(source({ units }), null);
    expect(parse(all.get('helm-keda/values-keda.yaml') ?? '')).toEqual({
      serviceAccount: { operator: { annotations: { [KEY]: null } }, webhooks: { annotations: { [KEY]: null } } },
    });
    expect([...all.keys()].filter((path) => path.startsWith('helm-own/'))).toEqual(['helm-own/README.md']);
    expect(all.get('helm-own/README.md')).toContain('a value of the chart own (often serviceAccount.annotations)');
  });

  it('for Argo CD has the chart’s value where it is known, a patch where not, and what lets the annotation go in between', () => {
    const owners = [{ kind: 'argo-cd', name: 'infra' }] as const;
    const units = [
      unit({
        id: 'dns/external-dns',
        namespace: 'dns',
        serviceAccount: 'external-dns',
        owners,
        chart: { name: 'external-dns', value: 'serviceAccount.annotations' },
      }),
      unit({ owners }),
    ];
    const all = written(source({ units }), null);
    expect([...all.keys()].filter((path) => path.startsWith('argo-cd-infra/')).sort()).toEqual([
      'argo-cd-infra/README.md',
      'argo-cd-infra/ignore-differences.yaml',
      'argo-cd-infra/kustomization.yaml',
      'argo-cd-infra/values-external-dns.yaml',
    ]);
    expect(parse(all.get('argo-cd-infra/kustomization.yaml') ?? '').patches).toHaveLength(1);
    expect(parse(all.get('argo-cd-infra/ignore-differences.yaml') ?? '').spec.ignoreDifferences).toContainEqual({
      kind: 'ServiceAccount',
      namespace: 'shop',
      name: 'cart',
      jsonPointers: ['/metadata/annotations/eks.amazonaws.com~1role-arn'],
    });
  });

  it('of kube2iam patches templates and bindings, and makes the service account of a split', () => {
    const changes = [
      {
        object: 'ServiceAccount/shop/cart',
        field: '',
        before: null,
        after: { labels: {}, annotations: {}, imagePullSecrets: [{ name: 'registry' }], secrets: [], automountServiceAccountToken: null },
      },
      {
        object: 'RoleBinding/shop/reader',
        field: 'subjects',
        before: null,
        after: { kind: 'ServiceAccount', namespace: 'shop', name: 'cart' },
      },
      {
        object: 'ClusterRoleBinding/viewer',
        field: 'subjects',
        before: null,
        after: { kind: 'ServiceAccount', namespace: 'shop', name: 'cart' },
      },
      { object: 'CronJob/shop/nightly', field: 'template.spec.serviceAccountName', before: 'default', after: 'cart' },
      { object: 'CronJob/shop/nightly', field: 'template.metadata.annotations.iam.amazonaws.com/role', before: 'pier-cart', after: null },
    ];
    const all = written(source({ units: [unit({ annotations: {}, changes })] }), 'kustomize');
    expect(parse(all.get('service-accounts.yaml') ?? '')).toEqual({
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'cart', namespace: 'shop', labels: { 'app.kubernetes.io/managed-by': 'podshift' } },
      imagePullSecrets: [{ name: 'registry' }],
    });
    const { patches, resources } = parse(all.get('kustomization.yaml') ?? '') as {
      patches: { target: object; patch: string }[];
      resources: string[];
    };
    expect(resources).toEqual(['service-accounts.yaml']);
    expect(patches.map(({ target, patch }) => [target, parse(patch)])).toEqual([
      [
        { kind: 'CronJob', name: 'nightly', namespace: 'shop' },
        [
          { op: 'add', path: '/spec/jobTemplate/spec/template/spec/serviceAccountName', value: 'cart' },
          { op: 'remove', path: '/spec/jobTemplate/spec/template/metadata/annotations/iam.amazonaws.com~1role' },
        ],
      ],
      [
        { kind: 'RoleBinding', name: 'reader', namespace: 'shop' },
        [{ op: 'add', path: '/subjects/-', value: { kind: 'ServiceAccount', namespace: 'shop', name: 'cart' } }],
      ],
      [
        { kind: 'ClusterRoleBinding', name: 'viewer' },
        [{ op: 'add', path: '/subjects/-', value: { kind: 'ServiceAccount', namespace: 'shop', name: 'cart' } }],
      ],
    ]);
  });

  it('of nothing says so', () => {
    for (const format of [null, ...EXPORT_FORMATS]) {
      const all = written(source({ units: [] }), format);
      expect([...all.keys()]).toEqual(['README.md']);
      expect(all.get('README.md')).toContain('Nothing was changed');
    }
  });

  it('takes of a plan what would migrate, and leaves what is blocked or done', () => {
    const reported = (serviceAccount: string, status: 'pending' | 'held' | 'migrated') => ({
      namespace: 'shop',
      serviceAccount,
      mechanism: 'irsa' as const,
      roleArn: ROLE,
      workloads: [],
      status,
      wave: status === 'pending' ? 0 : null,
      reason: '',
      findings: [],
      owners: [{ kind: 'flux' as const, name: 'apps' }],
      annotations: { removed: {}, kept: { [KEY]: ROLE }, source: serviceAccount !== 'needed' },
    });
    const plan = {
      digest: 'd'.repeat(64),
      cluster: { arn: CLUSTER, name: 'pier', region: 'eu-central-1' },
      units: [reported('cart', 'pending'), reported('needed', 'pending'), reported('blocked', 'held'), reported('done', 'migrated')],
      roles: [],
    };
    const { of, units } = sourceOfPlan(plan);
    expect([of, units.map(({ id, annotations }) => [id, Object.keys(annotations)])]).toEqual([
      'plan',
      [
        ['shop/cart', [KEY]],
        ['shop/needed', []],
      ],
    ]);
  });
});
