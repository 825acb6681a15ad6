import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Packaged } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly { readonly Action: readonly string[] }[] };
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
      expect(granted.filter((action) => !ownOfLambda.includes(action)).sort(), key).toEqual([...(table[key] ?? [])].sort());
      expect(ownOfLambda, key).toHaveLength(4);
    }
  });
});
