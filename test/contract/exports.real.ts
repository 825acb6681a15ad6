import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import { exportFiles } from '../../src/report/exports/export.ts';
import type { ExportFormat } from '../../src/report/exports/formats.ts';
import { sourceOfRun } from '../../src/report/exports/source.ts';
import { loadSnapshot, type Snapshot } from '../../twin/snapshot.ts';
import { cacheFolder } from '../cluster/build.ts';
import { withLock } from '../cluster/lock.ts';
import { findTool, run, tail } from '../cluster/run.ts';
import { findPython } from '../python/python.ts';
import { type MigratedTwin, migrateTwin } from '../support/migrated-twin.ts';
import { ownedShop } from '../support/owned-shop.ts';
import { sayMissing } from './behaviours.ts';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const python = await findPython(process.env, say);
sayMissing('cfn-lint and an HCL parser', 'missing' in python ? python.missing : undefined);
const terraform = await findTool('terraform', process.env);
sayMissing('terraform fmt', terraform === undefined ? 'there is no terraform on the PATH' : undefined);
const kubectl = await findTool('kubectl', process.env);
sayMissing('kubectl kustomize', kubectl === undefined ? 'there is no kubectl on the PATH' : undefined);
const cdk = await findCdk();
sayMissing('the AWS CDK', 'missing' in cdk ? cdk.missing : undefined);

/** The CDK's library from the npm registry, kept in the cache: it is too large to be one of the project's own dependencies. */
async function findCdk(): Promise<{ readonly modules: string } | { readonly missing: string }> {
  const packages = ['aws-cdk-lib@2.276.0', 'constructs@10.8.1'];
  const folder = join(cacheFolder(process.env), `cdk-${packages.join('-').replaceAll('@', '')}`);
  const installed = join(folder, 'node_modules');
  return withLock(`${folder}.lock`, { say }, async () => {
    const npm = await findTool('npm', process.env);
    if (npm === undefined) return { missing: 'there is no npm on the PATH' };
    if ((await run('ls', [join(folder, '.whole')], { environment: process.env })).code === 0) return { modules: installed };
    await mkdir(folder, { recursive: true });
    say('installing the AWS CDK from the npm registry, this once');
    const args = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', ...packages];
    const ended = await run(npm, args, { environment: process.env });
    if (ended.code !== 0) return { missing: `"npm ${args.join(' ')}" failed: ${tail(ended.stderr, 3)}` };
    await writeFile(join(folder, '.whole'), '');
    return { modules: installed };
  });
}

let root: string;
let shop: MigratedTwin;
let before: Snapshot;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'podshift-exports-'));
  before = await ownedShop();
  shop = await migrateTwin(before);
});
afterAll(async () => {
  await shop.close();
  await rm(root, { recursive: true, force: true });
});

/** An export in a folder; the answer is the folder. */
async function exported(format: ExportFormat, of: MigratedTwin = shop): Promise<string> {
  const folder = await mkdtemp(join(root, `${format}-`));
  for (const { path, content } of exportFiles(sourceOfRun(of.report), format)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

interface Association {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
}

function living(): Association[] {
  return [...shop.twin.awsState.associations.values()]
    .filter(({ ownerArn }) => ownerArn === undefined)
    .map(({ namespace, serviceAccount, roleArn }) => ({ namespace, serviceAccount, roleArn }))
    .sort(byName);
}

function byName(a: Association, b: Association): number {
  return `${a.namespace}/${a.serviceAccount}` < `${b.namespace}/${b.serviceAccount}` ? -1 : 1;
}

describe.skipIf(terraform === undefined)('terraform', () => {
  it('finds nothing to format', async () => {
    const folder = await exported('terraform');
    // It reads files by their ending: the blocks to copy are no files of a configuration.
    await run('sh', ['-c', 'for file in trust/*.hcl addons.hcl; do cp "$file" "copy-$(basename "$file").tf"; done'], {
      environment: process.env,
      cwd: folder,
    });
    const { code, stdout, stderr } = await run(terraform ?? '', ['fmt', '-check', '-diff', '-recursive', folder], {
      environment: process.env,
    });
    expect([code, stdout], stderr).toEqual([0, '']);
  });
});

const READ_HCL = `
import glob, hcl2, json, sys
print(json.dumps({path: hcl2.load(open(path)) for path in sorted(glob.glob('**/*.tf', recursive=True) + glob.glob('**/*.hcl', recursive=True))}))
`;

describe.skipIf('missing' in python)('parsers from PyPI', () => {
  const bin = 'bin' in python ? python.bin : '';

  it('read the configuration of Terraform as the associations and statements that are there', async () => {
    const folder = await exported('terraform');
    const { code, stdout, stderr } = await run(join(bin, 'python'), ['-c', READ_HCL], { environment: process.env, cwd: folder });
    expect([code, stderr]).toEqual([0, '']);
    const read = JSON.parse(stdout.replaceAll('\\"\\"', '""')) as Record<string, Record<string, unknown>>;
    const plain = (value: unknown): string => String(value).replace(/^"|"$/g, '');
    const resources = read['associations.tf']?.resource as Record<string, Record<string, Record<string, unknown>>>[];
    const told = resources.flatMap((one) => Object.values(Object.values(one)[0] ?? {}));
    expect(
      told
        .map(({ namespace, service_account, role_arn }) => ({
          namespace: plain(namespace),
          serviceAccount: plain(service_account),
          roleArn: plain(role_arn),
        }))
        .sort(byName),
    ).toEqual(living());
    const imports = read['imports.tf']?.import as { id: string }[];
    expect(imports.map(({ id }) => plain(id).split(',')[1]).sort()).toEqual(
      [...shop.twin.awsState.associations.values()]
        .filter(({ ownerArn }) => ownerArn === undefined)
        .map(({ associationId }) => associationId)
        .sort(),
    );
    for (const [path, { statement }] of Object.entries(read).filter(([name]) => name.startsWith('trust/'))) {
      for (const { sid, actions, principals } of statement as {
        sid: string;
        actions: string[];
        principals: { identifiers: string[] }[];
      }[]) {
        expect([path, plain(sid)]).toEqual([path, expect.stringMatching(/^Podshift[0-9a-f]{13,}$/)]);
        expect(actions.map(plain)).toEqual(['sts:AssumeRole', 'sts:TagSession']);
        expect(principals.flatMap(({ identifiers }) => identifiers.map(plain))).toEqual(['pods.eks.amazonaws.com']);
      }
    }
  });

  it('of which cfn-lint has nothing to say about the template', async () => {
    const folder = await exported('cloudformation');
    const { stdout, stderr } = await run(join(bin, 'cfn-lint'), ['--regions', 'eu-central-1', '--', join(folder, 'associations.yaml')], {
      environment: process.env,
    });
    expect(`${stdout}${stderr}`.trim()).toBe('');
  });
});

describe.skipIf('missing' in cdk)('the AWS CDK', () => {
  it('makes of the construct the resources of the CloudFormation export', async () => {
    const folder = await exported('cdk');
    const app = `
import { App, Stack } from 'aws-cdk-lib';
import { PodIdentityAssociations } from './pod-identity-associations.ts';
const stack = new Stack(new App(), 'Shop');
new PodIdentityAssociations(stack, 'PodIdentity');
process.stdout.write(JSON.stringify(stack.node.root.synth().stacks[0].template.Resources));
`;
    await writeFile(join(folder, 'app.ts'), app);
    await run('ln', ['-s', 'modules' in cdk ? cdk.modules : '', join(folder, 'node_modules')], { environment: process.env });
    const { code, stdout, stderr } = await run(process.execPath, ['--no-warnings', join(folder, 'app.ts')], {
      environment: process.env,
      cwd: folder,
    });
    expect(code, stderr).toBe(0);
    const [template] = parseAllDocuments(
      new Map(exportFiles(sourceOfRun(shop.report), 'cloudformation').map(({ path, content }) => [path, content])).get(
        'associations.yaml',
      ) ?? '',
    );
    expect(JSON.parse(stdout)).toEqual(template?.toJS().Resources);
  });
});

/** Kinds whose objects a kustomization is laid over. */
const KINDS = ['ServiceAccount', 'Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'RoleBinding', 'ClusterRoleBinding'];

/** What a manifest says of an object: no server's fields, and no mark of a restart. */
function manifest(object: KubernetesObject): unknown {
  const { apiVersion, kind, metadata, status: _, ...rest } = structuredClone(object) as unknown as Record<string, Record<string, unknown>>;
  const { name, namespace, labels, annotations } = metadata as Record<string, unknown>;
  const text = JSON.stringify({ apiVersion, kind, metadata: { name, namespace, labels, annotations }, ...rest });
  return withoutEmpty(
    JSON.parse(
      text
        .replaceAll(/"(kubectl\.kubernetes\.io\/restartedAt|deployment\.kubernetes\.io\/revision|podshift\/run)":"[^"]*",?/g, '')
        .replaceAll(',}', '}'),
    ),
  );
}

/** Empty maps and lists say nothing, nor does the order of a binding's subjects: splits of a wave add theirs side by side. */
function withoutEmpty(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => withoutEmpty(item));
    return key === 'subjects' ? items.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [name, withoutEmpty(item, name)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item != null && !(typeof item === 'object' && Object.keys(item).length === 0)));
}

describe.skipIf(kubectl === undefined)('kubectl kustomize', () => {
  it.each(['shop', 'press-kube2iam', 'press-kiam-4'])(
    'makes of the manifests of %s and the patches what the cluster has',
    async (example) => {
      const snapshot = example === 'shop' ? before : await loadSnapshot(`examples/${example}`);
      const migrated = example === 'shop' ? shop : await migrateTwin(snapshot);
      try {
        const patches = await exported('kustomize', migrated);
        const source = await mkdtemp(join(root, 'source-'));
        const manifests = snapshot.objects.filter(({ kind }) => KINDS.includes(kind)).map(manifest);
        await writeFile(join(source, 'all.yaml'), manifests.map((one) => stringify(one)).join('---\n'));
        await run('ln', ['-s', patches, join(source, 'patches')], { environment: process.env });
        await writeFile(
          join(source, 'kustomization.yaml'),
          stringify({ resources: ['all.yaml'], components: [`../${patches.slice(root.length + 1)}`] }),
        );
        const { code, stdout, stderr } = await run(kubectl ?? '', ['kustomize', source], { environment: process.env });
        expect(code, stderr).toBe(0);
        const made = parseAllDocuments(stdout).map((document) => withoutEmpty(document.toJS()) as KubernetesObject);
        const changed = new Set(exportedNames(migrated));
        const named = made.filter(({ kind, metadata }) => changed.has(`${kind}/${metadata.namespace ?? ''}/${metadata.name}`));
        expect(named.length).toBeGreaterThan(0);
        for (const object of named) {
          const live = migrated.twin.kubernetes.object(object.kind, object.metadata.namespace, object.metadata.name);
          const key = `${object.kind}/${object.metadata.namespace}/${object.metadata.name}`;
          const there = withOwnersAnnotationsGone(live === undefined ? undefined : manifest(live), object, migrated);
          // The API server has filled in its defaults besides; of annotations that go, none may be left.
          expect({ [key]: there }).toMatchObject({ [key]: object });
          expect({ [key]: annotationsOf(there) }).toEqual({ [key]: annotationsOf(object) });
        }
      } finally {
        if (migrated !== shop) await migrated.close();
      }
    },
  );
});

/** The annotations of an object and of its pod template. */
function annotationsOf(object: unknown): unknown[] {
  const { metadata, spec } = object as {
    metadata: Annotated;
    spec?: { template?: Templated; jobTemplate?: { spec: { template: Templated } } };
  };
  const template = spec?.jobTemplate?.spec.template ?? spec?.template;
  return [metadata.annotations ?? {}, template?.metadata?.annotations ?? {}];
}

type Annotated = { readonly annotations?: Readonly<Record<string, string>> };
type Templated = { readonly metadata?: Annotated };

/** `Kind/NAMESPACE/NAME` of what the run changed in the cluster. */
function exportedNames({ report }: MigratedTwin): string[] {
  return sourceOfRun(report).units.flatMap(({ namespace, serviceAccount, annotations, changes }) => [
    ...(Object.keys(annotations).length === 0 ? [] : [`ServiceAccount/${namespace}/${serviceAccount}`]),
    ...changes.map(({ object }) => {
      const parts = object.split('/');
      return parts.length === 2 ? `${parts[0]}//${parts[1]}` : object;
    }),
  ]);
}

/** Those that stay in the cluster for the sake of their owner are the one difference that an export makes. */
function withOwnersAnnotationsGone(live: unknown, made: KubernetesObject, { report }: MigratedTwin): unknown {
  if (made.kind !== 'ServiceAccount') return live;
  const unit = sourceOfRun(report).units.find(({ id }) => id === `${made.metadata.namespace}/${made.metadata.name}`);
  const object = structuredClone(live) as { metadata: { annotations?: Record<string, string> } };
  for (const key of Object.keys(unit?.annotations ?? {})) delete object.metadata.annotations?.[key];
  return withoutEmpty(object);
}
