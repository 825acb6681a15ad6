import type { Template } from './package-service.ts';

/** Where the stack of the tests is. */
const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-central-1',
  'AWS::AccountId': '444455556666',
};

/**
 * The text that CloudFormation makes of a packaged `DefinitionString`: the placeholders of `Fn::Sub` are replaced by what they
 * stand for, `Fn::GetAtt` of a function by its ARN and `Ref` of a version of one by that version's. Throws for what it cannot resolve.
 */
export function definitionText({ Resources }: Template, stateMachine: string): string {
  const value = Resources[stateMachine]?.Properties.DefinitionString as string | { 'Fn::Sub': string | [string, object] } | undefined;
  if (value === undefined) throw new Error(`the template has no state machine ${stateMachine}`);
  if (typeof value === 'string') return value;
  const sub = value['Fn::Sub'];
  const [text, values] = typeof sub === 'string' ? [sub, {}] : sub;
  const own: Readonly<Record<string, unknown>> = { ...PSEUDO_PARAMETERS, ...values };
  return text.replace(/\$\{([^}!][^}]*)\}/g, (placeholder, name: string) => {
    const resolved = resolve(own[name]);
    if (resolved === undefined) throw new Error(`${stateMachine} uses ${placeholder}, which stands for nothing`);
    return resolved;
  });

  function resolve(reference: unknown): string | undefined {
    if (typeof reference === 'string') return reference;
    const { Ref, 'Fn::GetAtt': [id, attribute] = [] } = (reference ?? {}) as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
    const versioned = Ref === undefined ? undefined : (Resources[Ref]?.Properties.FunctionName as { Ref: string } | undefined)?.Ref;
    const name = Resources[versioned ?? (attribute === 'Arn' ? String(id) : '')]?.Properties.FunctionName;
    const suffix = versioned === undefined ? '' : ':1';
    return typeof name === 'string' ? `arn:aws:lambda:eu-central-1:444455556666:function:${name}${suffix}` : undefined;
  }
}
