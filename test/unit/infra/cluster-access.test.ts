import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { RUN_TAG } from '../../../src/inventory/account.ts';

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

async function memberStatements(): Promise<Statement[]> {
  const { Resources } = await template('member-account.yml');
  const policies = Object.values(Resources).filter(({ Type }) => Type === 'AWS::IAM::RolePolicy');
  return policies.flatMap(({ Properties: { PolicyDocument } }) => {
    const document = typeof PolicyDocument === 'string' ? JSON.parse(PolicyDocument) : PolicyDocument;
    return (document as { Statement: Statement[] }).Statement;
  });
}

describe('infra/cluster-access', () => {
  it('has an access entry with the group that the ClusterRole is bound to', async () => {
    const documents = parseAllDocuments(await read('cluster-access/cluster-role.yaml')).map((document) => document.toJS());
    const { Parameters, Resources } = await template('cluster-access/access-entry.yml');
    expect(documents[1].subjects).toMatchObject([{ kind: 'Group', name: Parameters.KubernetesGroup?.Default }]);
    expect(Resources.AccessEntry?.Properties).toMatchObject({ Type: 'STANDARD', KubernetesGroups: ['KubernetesGroup'] });
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
