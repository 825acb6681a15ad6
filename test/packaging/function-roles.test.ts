import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Packaged } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

interface Statement {
  readonly Action: readonly string[];
  readonly Condition?: unknown;
}

const WRITES = ['iam:UpdateAssumeRolePolicy', 'eks:CreatePodIdentityAssociation', 'eks:CreateAddon', 'eks:UpdateAddon'];

/** The conditions of each write to the owner's things in the roles of all functions; those on associations of add-ons aside. */
function conditionsOf({ Resources }: Packaged['template']): Map<string, Set<string>> {
  const roles = Object.values(Resources).filter(({ Type, Properties }) => Type === 'AWS::IAM::Role' && Properties.Policies !== undefined);
  const statements = roles.flatMap(({ Properties }) => (Properties.Policies as Policy[]).flatMap((one) => one.PolicyDocument.Statement));
  const found = new Map<string, Set<string>>(WRITES.map((action) => [action, new Set()]));
  for (const statement of statements)
    for (const action of statement.Action)
      if (!JSON.stringify(statement).includes('podidentityassociation/')) found.get(action)?.add(JSON.stringify(statement.Condition));
  return found;
}

describe('the roles of the functions', () => {
  let service: Packaged;
  let table: Record<string, string[]>;

  beforeAll(async () => {
    service = await packaged();
    table = parse(await readFile(new URL('../../infra/function-permissions.yml', import.meta.url), 'utf8'));
  }, 600_000);

  it('are one for each function, with the actions of its row and what Lambda needs to log and trace', () => {
    const { Resources } = service.template;
    expect(Resources).not.toHaveProperty('IamRoleLambdaExecution');
    for (const key of Object.keys(service.state.service.functions)) {
      const id = `${key.charAt(0).toUpperCase()}${key.slice(1)}`;
      expect(Resources[`${id}LambdaFunction`]?.Properties.Role, key).toEqual({ 'Fn::Sub': `\${${id}FunctionRole.Arn}` });
      const policies = Resources[`${id}FunctionRole`]?.Properties.Policies as Policy[] | undefined;
      const all = policies?.flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(({ Action }) => Action)) ?? [];
      // An action that reaches more than one kind of resource stands in a statement for each.
      const granted = [...new Set(all)];
      const ownOfLambda = granted.filter((action) => /^(logs|xray):/.test(action));
      expect(granted.filter((action) => !ownOfLambda.includes(action)).sort(), key).toEqual(
        [...(table[key] ?? [])].map((action) => action.replace('/read', '')).sort(),
      );
      expect(ownOfLambda, key).toHaveLength(4);
    }
  });

  it('are known to the functions that change something, which have on record as whom, and to no others', () => {
    const { Resources } = service.template;
    const variables = (key: string): object => {
      const { Environment } = Resources[`${key.charAt(0).toUpperCase()}${key.slice(1)}LambdaFunction`]?.Properties ?? {};
      return (Environment as { readonly Variables: object } | undefined)?.Variables ?? {};
    };
    expect(variables('grantTrust')).toMatchObject({ FUNCTION_ROLE_ARN: { 'Fn::Sub': `\${GrantTrustFunctionRole.Arn}` } });
    const changing = Object.keys(table).filter((key) => table[key]?.includes('sts:AssumeRole'));
    const known = Object.keys(table).filter((key) => 'FUNCTION_ROLE_ARN' in variables(key));
    expect(known.sort()).toEqual(changing.sort());
    expect(variables('closeRun')).toMatchObject({ PODSHIFT_VERSION: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  it('change roles, clusters and add-ons of the own account that carry the tag of member accounts, and no others', async () => {
    const text = await readFile(new URL('../../infra/member-account.yml', import.meta.url), 'utf8');
    const { Parameters } = parse(text, { logLevel: 'error' });
    const tag = { [`aws:ResourceTag/${Parameters.TagKey.Default}`]: Parameters.TagValue.Default };
    const only = new Set([JSON.stringify({ StringEquals: tag })]);
    expect(Object.fromEntries(conditionsOf(service.template))).toEqual(Object.fromEntries(WRITES.map((action) => [action, only])));
  });
});
