import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { OWNER_KINDS } from '../../../../src/model/owner.ts';
import { exportFiles } from '../../../../src/report/exports/export.ts';
import { EXPORT_FORMATS } from '../../../../src/report/exports/formats.ts';
import type { ExportedUnit, ExportSource } from '../../../../src/report/exports/source.ts';
import { sidPrefix } from '../../../../src/trust/own-statement.ts';

const ARN = 'arn:aws:eks:eu-central-1:444455556666:cluster/pier';
const CLUSTER = { arn: ARN, name: 'pier', region: 'eu-central-1', accountId: '444455556666', partition: 'aws' };
const ROLE = 'arn:aws:iam::444455556666:role/pier-cart';
const STATEMENT = {
  Sid: `${sidPrefix(ARN)}0`,
  Effect: 'Allow',
  Principal: { Service: 'pods.eks.amazonaws.com' },
  Action: 'sts:AssumeRole',
};
const NOTHING = { units: [], roles: [], addons: [] };
const UNIT: ExportedUnit = {
  id: 'shop/cart',
  namespace: 'shop',
  serviceAccount: 'cart',
  roleArn: ROLE,
  association: null,
  annotations: {},
  owners: [],
  chart: null,
  changes: [],
};
const ASSOCIATION = { id: 'a-1', arn: 'arn:aws:eks:eu-central-1:444455556666:podidentityassociation/pier/a-1', tags: {} };

/** One thing that was changed alone, each kind of them. */
const ALONE: Readonly<Record<string, Pick<ExportSource, 'units' | 'roles' | 'addons'>>> = {
  'a trust policy': {
    ...NOTHING,
    roles: [
      {
        roleArn: ROLE,
        roleName: 'pier-cart',
        statements: [STATEMENT],
        document: JSON.stringify({ Version: '2012-10-17', Statement: [STATEMENT] }),
        owners: [],
      },
    ],
  },
  'an association': { ...NOTHING, units: [{ ...UNIT, association: ASSOCIATION }] },
  'an association with tags': { ...NOTHING, units: [{ ...UNIT, association: { ...ASSOCIATION, tags: { 'podshift/run': 'r' } } }] },
  'an add-on': {
    ...NOTHING,
    addons: [{ name: 'vpc-cni', serviceAccountRoleArn: null, associations: [{ serviceAccount: 'aws-node', roleArn: ROLE }] }],
  },
  'an annotation': { ...NOTHING, units: [{ ...UNIT, annotations: { 'eks.amazonaws.com/role-arn': ROLE } }] },
  'a template': {
    ...NOTHING,
    units: [
      { ...UNIT, changes: [{ object: 'Deployment/shop/cart', field: 'template.spec.serviceAccountName', before: null, after: 'cart' }] },
    ],
  },
};

function expectWhole(files: ReturnType<typeof exportFiles>): void {
  const paths = files.map(({ path }) => path);
  expect(new Set(paths).size).toBe(paths.length);
  expect(paths).toContain('README.md');
  for (const { path, content } of files) {
    expect(content, path).not.toMatch(/undefined|\[object |NaN/);
    expect(content, path).toMatch(/[^\n]\n$/);
    if (path.endsWith('.json')) expect(JSON.parse(content), path).toBeDefined();
    if (path.endsWith('.yaml')) for (const document of parseAllDocuments(content)) expect(document.errors, path).toEqual([]);
    // What a step names is there.
    if (path.endsWith('README.md'))
      for (const [, name = ''] of content.matchAll(/`([a-z-]+\.(?:tf|yaml|json|ts))`/g))
        if (!/^(cluster|config)\.yaml$/.test(name)) expect(paths, path).toContain(path.replace('README.md', name));
  }
}

describe.each(['plan', 'run'] as const)('an export of a %s', (of) => {
  const sourceOf = (changed: (typeof ALONE)[string]): ExportSource => ({
    of,
    id: of === 'run' ? 'run1' : 'd'.repeat(64),
    cluster: CLUSTER,
    ...changed,
    units:
      of === 'run'
        ? changed.units
        : changed.units.map((unit) => ({ ...unit, association: unit.association && { id: null, arn: null, tags: {} } })),
  });

  it.each(Object.keys(ALONE).flatMap((what) => EXPORT_FORMATS.map((format) => [what, format] as const)))(
    'that changes %s alone is whole as %s',
    (what, format) => {
      const files = exportFiles(sourceOf(ALONE[what] ?? NOTHING), format);
      expectWhole(files);
      expect(files[0]?.content).toMatch(/^1\. /m);
    },
  );

  it.each(OWNER_KINDS)('whose code is that of %s has a folder for it', (kind) => {
    const owners = [{ kind, name: kind === 'terraform' ? '' : 'mine' }];
    const units = [{ ...UNIT, association: ASSOCIATION, owners, annotations: { 'eks.amazonaws.com/role-arn': ROLE } }];
    const roles = (ALONE['a trust policy']?.roles ?? []).map((role) => ({ ...role, owners }));
    const files = exportFiles(sourceOf({ ...NOTHING, units, roles }), null);
    expectWhole(files);
    const folder = kind === 'terraform' ? 'terraform' : `${kind}-mine`;
    expect(files.map(({ path }) => path)).toContain(`${folder}/README.md`);
    expect(files[0]?.content).toContain(`| [${folder}](${folder}/README.md) | 1 | 1 | 1 |`);
  });
});
