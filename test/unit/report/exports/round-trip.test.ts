import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { exportFiles } from '../../../../src/report/exports/export.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../../../../src/report/exports/formats.ts';
import { sourceOfRun } from '../../../../src/report/exports/source.ts';
import { type MigratedTwin, migrateTwin } from '../../../support/migrated-twin.ts';
import { ownedShop } from '../../../support/owned-shop.ts';

/** What a file says of one association. */
interface Told {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
}

let migrated: MigratedTwin;
let files: (format: ExportFormat | null) => ReadonlyMap<string, string>;
beforeAll(async () => {
  migrated = await migrateTwin(await ownedShop());
  files = (format) => new Map(exportFiles(sourceOfRun(migrated.report), format).map(({ path, content }) => [path, content]));
});
afterAll(() => migrated.close());

/** The associations of the account that podshift made, as EKS has them. */
function living(): Told[] {
  return [...migrated.twin.awsState.associations.values()]
    .filter(({ ownerArn }) => ownerArn === undefined)
    .map(({ namespace, serviceAccount, roleArn, associationId, tags }) => ({ namespace, serviceAccount, roleArn, id: associationId, tags }))
    .sort(byName);
}

function byName(a: Told, b: Told): number {
  return `${a.namespace}/${a.serviceAccount}` < `${b.namespace}/${b.serviceAccount}` ? -1 : 1;
}

function idOf(arn: string): string {
  return arn.split('/').at(-1) ?? '';
}

/** Reads what a format says back, as its own tool would read it. */
const TOLD = {
  cloudformation: (all) => {
    const { Resources } = parse(all.get('associations.yaml') ?? '');
    const imports = JSON.parse(all.get('resources-to-import.json') ?? '') as {
      LogicalResourceId: string;
      ResourceIdentifier: { AssociationArn: string };
    }[];
    return imports.map(({ LogicalResourceId, ResourceIdentifier }) => {
      const { ClusterName, Namespace, ServiceAccount, RoleArn, Tags = [] } = Resources[LogicalResourceId].Properties;
      expect(ClusterName).toBe('shop');
      const tags = Object.fromEntries(Tags.map(({ Key, Value }: { Key: string; Value: string }) => [Key, Value]));
      return { namespace: Namespace, serviceAccount: ServiceAccount, roleArn: RoleArn, id: idOf(ResourceIdentifier.AssociationArn), tags };
    });
  },
  ack: (all) =>
    parseAllDocuments(all.get('associations.yaml') ?? '').map((document) => {
      const { metadata, spec } = document.toJS();
      const { clusterName, associationID } = JSON.parse(metadata.annotations['services.k8s.aws/adoption-fields']);
      expect([clusterName, spec.clusterName]).toEqual(['shop', 'shop']);
      return { namespace: spec.namespace, serviceAccount: spec.serviceAccount, roleArn: spec.roleARN, id: associationID, tags: spec.tags };
    }),
  crossplane: (all) =>
    parseAllDocuments(all.get('associations.yaml') ?? '').map((document) => {
      const { metadata, spec } = document.toJS();
      const { clusterName, region, namespace, serviceAccount, roleArn, tags } = spec.forProvider;
      expect([clusterName, region, spec.deletionPolicy]).toEqual(['shop', 'eu-central-1', 'Orphan']);
      return { namespace, serviceAccount, roleArn, id: metadata.annotations['crossplane.io/external-name'], tags };
    }),
} as const satisfies Partial<Record<ExportFormat, (all: ReadonlyMap<string, string>) => Told[]>>;

describe('a migration that was exported', () => {
  it.each(Object.keys(TOLD) as (keyof typeof TOLD)[])('as %s is the associations that are there, and no other', (format) => {
    expect(living().length).toBeGreaterThan(5);
    expect(TOLD[format](files(format)).sort(byName)).toEqual(living());
  });

  it('as eksctl is the associations that are there, and the add-ons', () => {
    const { iam, addons, metadata } = parse(files('eksctl').get('cluster.yaml') ?? '');
    const told = iam.podIdentityAssociations.map(({ namespace, serviceAccountName, roleARN, tags }: Record<string, unknown>) => ({
      namespace,
      serviceAccount: serviceAccountName,
      roleArn: roleARN,
      tags,
    }));
    expect(metadata).toEqual({ name: 'shop', region: 'eu-central-1' });
    expect(told.sort(byName)).toEqual(living().map(({ id: _, ...rest }) => rest));
    const ofAddons = [...migrated.twin.awsState.associations.values()].filter(({ ownerArn }) => ownerArn !== undefined);
    expect(addons.map(({ name }: { name: string }) => name)).toEqual(['aws-efs-csi-driver']);
    expect(addons[0].podIdentityAssociations).toEqual(
      ofAddons
        .map(({ serviceAccount, roleArn }) => ({ serviceAccountName: serviceAccount, roleARN: roleArn }))
        .sort((a, b) => (a.serviceAccountName < b.serviceAccountName ? -1 : 1)),
    );
  });

  it('as cdk and as terraform names each association that is there once, with what imports it', () => {
    const mapping = JSON.parse(files('cdk').get('resource-mapping.json') ?? '') as Record<string, { AssociationArn: string }>;
    expect(
      Object.values(mapping)
        .map(({ AssociationArn }) => idOf(AssociationArn))
        .sort(),
    ).toEqual(
      living()
        .map(({ id }) => id)
        .sort(),
    );
    for (const logicalId of Object.keys(mapping)) expect(files('cdk').get('pod-identity-associations.ts')).toContain(`"id":"${logicalId}"`);
    const imports = [...(files('terraform').get('imports.tf') ?? '').matchAll(/id = "shop,([^"]+)"/g)].map(([, id]) => id);
    expect(imports.sort()).toEqual(
      living()
        .map(({ id }) => id)
        .sort(),
    );
  });

  it.each(EXPORT_FORMATS)('as %s names nothing that was not migrated', (format) => {
    const text = [...files(format)].map(([path, content]) => `${path}\n${content}`).join('\n');
    const others = migrated.report.units.filter(({ status }) => status !== 'migrated');
    expect(others.length).toBeGreaterThan(0);
    for (const { serviceAccount, roleArn } of others) {
      expect(text).not.toContain(roleArn);
      expect(text).not.toMatch(new RegExp(`[/"]${serviceAccount}["\\s]`));
    }
  });

  it.each(['terraform', 'cloudformation', 'cdk', 'eksctl', 'ack', 'crossplane'] as const)(
    'as %s has each trust policy as IAM has it',
    (format) => {
      const all = files(format);
      const documents = [...all.keys()].filter((path) => /^trust\/[^/]+(?<!\.statements)\.json$/.test(path));
      const changed = migrated.report.roles.filter(({ trustBefore, trustAfter }) => trustBefore !== trustAfter);
      expect(documents).toHaveLength(changed.length);
      for (const { roleArn, trustBefore } of changed) {
        const name = roleArn.split('/').slice(1).join('-');
        const stored = migrated.twin.awsState.roleByArn(roleArn)?.versions.at(-1)?.document.text ?? '';
        expect(JSON.parse(all.get(`trust/${name}.json`) ?? '')).toEqual(JSON.parse(stored));
        const statements = JSON.parse(all.get(`trust/${name}.statements.json`) ?? '') as unknown[];
        const before = [JSON.parse(trustBefore).Statement].flat() as unknown[];
        // Added to what the source has, they are what IAM has.
        expect([...before, ...statements]).toEqual(JSON.parse(stored).Statement);
      }
    },
  );

  it('goes to those who own it, one folder each', () => {
    const folders = new Map<string, string[]>();
    for (const path of files(null).keys()) {
      const [folder = '', ...rest] = path.split('/');
      folders.set(folder, [...(folders.get(folder) ?? []), rest.join('/')]);
    }
    expect(Object.fromEntries(folders)).toEqual({
      'README.md': [''],
      'argo-cd-covers': ['README.md', 'kustomization.yaml', 'ignore-differences.yaml'],
      'cloudformation-shop-logging': [
        'README.md',
        'associations.yaml',
        'resources-to-import.json',
        'trust/shop-log-shipper.json',
        'trust/shop-log-shipper.statements.json',
      ],
      'eksctl-shop': ['README.md', 'cluster.yaml', 'trust/shop-storefront.json', 'trust/shop-storefront.statements.json'],
      'flux-storefront': ['README.md', 'kustomization.yaml'],
      'helm-books': ['README.md'],
      'helm-logs': ['README.md', 'values-aws-for-fluent-bit.yaml'],
      terraform: [
        'README.md',
        'associations.tf',
        'imports.tf',
        'trust/shop-media.json',
        'trust/shop-media.statements.json',
        'trust/shop-media.statements.hcl',
      ],
      'without-owner': expect.arrayContaining(['README.md', 'trust/shop-shop-orders.json']),
    });
  });

  it('has the annotations that are left at their owners, and after them a plan finds nothing to do', async () => {
    const { kubernetes } = migrated.twin;
    const isAnnotated = (namespace: string, name: string): boolean =>
      kubernetes.object('ServiceAccount', namespace, name)?.metadata.annotations?.['eks.amazonaws.com/role-arn'] !== undefined;
    const owned = [
      ['shop', 'covers'],
      ['shop', 'storefront'],
      ['kube-system', 'log-shipper'],
      ['search', 'indexer'],
    ] as const;
    expect(owned.map(([namespace, name]) => isAnnotated(namespace, name))).toEqual([true, true, true, true]);

    // Helm's values: null takes the key away.
    expect(parse(files(null).get('helm-logs/values-aws-for-fluent-bit.yaml') ?? '')).toEqual({
      serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': null } },
    });
    const { patches } = parse(files('kustomize').get('kustomization.yaml') ?? '');
    const targets = patches
      .map(({ target }: { target: { kind: string; namespace: string; name: string } }) => target)
      .filter(({ kind }: { kind: string }) => kind === 'ServiceAccount');
    for (const { namespace, name } of targets) {
      const object = kubernetes.object('ServiceAccount', namespace, name);
      if (object === undefined) throw new Error(`there is no service account ${namespace}/${name}`);
      const operations = parse(
        patches.find(
          ({ target }: { target: { namespace: string; name: string } }) => target.namespace === namespace && target.name === name,
        ).patch,
      );
      expect(operations).toEqual([{ op: 'remove', path: '/metadata/annotations/eks.amazonaws.com~1role-arn' }]);
      const annotations = Object.entries(object.metadata.annotations ?? {}).filter(([key]) => key !== 'eks.amazonaws.com/role-arn');
      kubernetes.apply({
        ...object,
        metadata: { ...object.metadata, annotations: Object.fromEntries(annotations) },
      });
    }
    expect(owned.map(([namespace, name]) => isAnnotated(namespace, name))).toEqual([false, false, false, false]);

    const plan = await migrated.planAgain();
    expect(plan.units.filter(({ decision }) => decision === 'migrate')).toEqual([]);
    expect(plan.roles.filter(({ trustBefore, trustAfter }) => trustBefore !== trustAfter)).toEqual([]);
  });
});
