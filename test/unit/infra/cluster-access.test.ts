import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { READING_SUFFIX } from '../../../src/aws/connections.ts';
import { hasCustomResources } from '../../../src/inventory/consumers/scope.ts';
import { RUN_TAG } from '../../../src/model/run.ts';
import { accessObjects, CLUSTER_ROLES } from '../../permissions/cluster-roles.ts';

interface Statement {
  readonly Action: readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
interface Template {
  readonly Parameters: Readonly<Record<string, { readonly Default: string }>>;
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>>;
}

const read = (file: string): Promise<string> => readFile(new URL(`../../../infra/${file}`, import.meta.url), 'utf8');
/** A short-form intrinsic function is read as its argument. */
const template = async (file: string): Promise<Template> => parse(await read(file), { logLevel: 'error' });
const reads = (action: string): boolean => /:(Get|List|Describe|Lookup)/.test(action);

async function allRules() {
  const objects = await Promise.all(CLUSTER_ROLES.map((name) => accessObjects(`${name}.yaml`)));
  return objects.flat().flatMap(({ rules }) => rules ?? []);
}

async function memberStatements(): Promise<Statement[]> {
  const { Resources } = await template('member-account.yml');
  const policies = Object.values(Resources).filter(({ Type }) => /^AWS::IAM::(Role)?Policy$/.test(Type));
  return policies.flatMap(({ Properties: { PolicyDocument } }) => {
    const document = typeof PolicyDocument === 'string' ? JSON.parse(PolicyDocument) : PolicyDocument;
    return (document as { Statement: Statement[] }).Statement;
  });
}

describe('infra/cluster-access', () => {
  it('has an access entry with the group that the ClusterRole is bound to', async () => {
    const { Parameters, Resources } = await template('cluster-access/access-entry.yml');
    for (const name of CLUSTER_ROLES) {
      const objects = await accessObjects(`${name}.yaml`);
      const roles = objects.filter(({ kind }) => kind === 'ClusterRole').map(({ metadata }) => metadata.name);
      const bindings = objects.filter(({ kind }) => kind === 'ClusterRoleBinding');
      expect(bindings.map(({ roleRef }) => [roleRef.kind, roleRef.name])).toEqual(roles.map((role) => ['ClusterRole', role]));
      const groups = [Parameters.KubernetesGroup?.Default, ...(name === 'reading' ? [Parameters.ReadingGroup?.Default] : [])];
      for (const { subjects } of bindings)
        expect(subjects).toEqual(groups.map((group) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group })));
    }
    expect(Resources.AccessEntry?.Properties).toMatchObject({ Type: 'STANDARD', KubernetesGroups: ['KubernetesGroup'] });
    expect(Resources.ReadingEntry?.Properties).toMatchObject({ Type: 'STANDARD', KubernetesGroups: ['ReadingGroup'] });
  });

  it('lets podshift bind no role, become nobody else and make no binding of its own', async () => {
    const rules = await allRules();
    const verbs = new Set(rules.flatMap(({ verbs }) => verbs));
    expect([...verbs].sort()).toEqual(['create', 'delete', 'get', 'list', 'patch']);
    const ofBindings = rules.filter(({ apiGroups }) => apiGroups.includes('rbac.authorization.k8s.io'));
    expect(ofBindings.map(({ resources }) => resources)).toEqual(Array(2).fill(['rolebindings', 'clusterrolebindings']));
    expect(new Set(ofBindings.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list', 'get', 'patch']));
  });

  it('has no verb on Secrets: what it names by a star is custom resources, to be listed', async () => {
    const rules = await allRules();
    expect(rules.flatMap(({ resources }) => resources)).not.toContain('secrets');
    const stars = rules.filter(({ apiGroups, resources, verbs }) =>
      [...apiGroups, ...resources, ...verbs].some((part) => part.includes('*')),
    );
    expect(stars.map(({ resources, verbs }) => [resources, verbs])).toEqual([[['*'], ['list']]]);
    expect(stars.flatMap(({ apiGroups }) => apiGroups).filter((group) => !hasCustomResources(group))).toEqual([]);
    expect(stars.flatMap(({ apiGroups }) => apiGroups)).not.toContain('');
  });
});

describe('infra/member-account.yml', () => {
  it('grants what the service does in a cluster’s account, and looking for clusters, and no more', async () => {
    const own: Statement[] = parse(await read('permissions.yml'), { logLevel: 'error' });
    const needed = own.flatMap(({ Action }) => Action).filter((action) => /^(eks|iam|cloudtrail):/.test(action));
    const granted = (await memberStatements()).flatMap(({ Action }) => Action);
    expect([...new Set(granted)].sort()).toEqual([...new Set([...needed, 'eks:ListClusters'])].sort());
  });

  it('changes only what carries the owner’s tag, or the mark of podshift’s own things', async () => {
    const changing = (await memberStatements()).filter(({ Action }) => !Action.every(reads));
    const limits = changing.map(({ Action, Condition = {} }) => [[...Action].sort().join(), Object.values(Condition).flatMap(Object.keys)]);
    const ownersTag = [`aws:ResourceTag/\${TagKey}`];
    expect(Object.fromEntries(limits.slice(0, 3))).toEqual({
      'iam:UpdateAssumeRolePolicy': ownersTag,
      'iam:PassRole': ['iam:PassedToService'],
      'eks:CreateAddon,eks:CreatePodIdentityAssociation': ownersTag,
    });
    expect(limits.slice(3)).toEqual([
      ['eks:UpdateAddon', ownersTag],
      ['eks:UpdateAddon', []],
      ['eks:DeleteAddon,eks:DeletePodIdentityAssociation', [`aws:ResourceTag/${RUN_TAG}`]],
      ['eks:TagResource', [`aws:RequestTag/${RUN_TAG}`, 'aws:TagKeys']],
    ]);
    // The one without a condition is for associations alone.
    expect(changing[4]?.Resource).toMatch(/podidentityassociation\/\*$/);
  });

  it('has a role beside it that only looks, for the functions that change nothing', async () => {
    const { Resources } = await template('member-account.yml');
    const { MemberRole, MemberReadingRole } = Resources;
    expect(MemberReadingRole?.Properties.RoleName).toBe(`\${RoleName}${READING_SUFFIX}`);
    expect(MemberReadingRole?.Properties.AssumeRolePolicyDocument).toEqual(MemberRole?.Properties.AssumeRolePolicyDocument);
    const policies = Object.values(Resources).filter(({ Properties }) => JSON.stringify(Properties).includes('MemberReadingRole'));
    expect(policies.map(({ Properties }) => Properties.PolicyName)).toEqual(['looking']);
    const [{ Statement } = { Statement: [] }] = policies.map(({ Properties }) => Properties.PolicyDocument as { Statement: Statement[] });
    expect(Statement.flatMap(({ Action }) => Action).filter((action) => !reads(action))).toEqual([]);
    expect(Statement).toHaveLength(1);
  });

  it('is assumed by podshift’s own roles, under the name that the service expects', async () => {
    const { Parameters, Resources } = await template('member-account.yml');
    const service = parse(await readFile(new URL('../../../serverless.yml', import.meta.url), 'utf8'));
    expect(Parameters.RoleName?.Default).toBe(service.params.default.memberRoleName);
    expect(service.custom.functionRoles.path.replace(/\$\{.*\}/, 'prod')).toBe(Parameters.ServiceRolePath?.Default);
    const trust = JSON.stringify(Resources.MemberRole?.Properties.AssumeRolePolicyDocument);
    expect(trust).toMatch(/role\$\{ServiceRolePath\}\*/);
    expect(trust).toContain('HasExternalId');
  });
});
