import { beforeAll, describe, expect, it } from 'vitest';
import type { Packaged, Resource } from '../support/package-service.ts';
import { packaged } from '../support/packaged.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const LIVE = { 'ForAnyValue:StringEquals': { 'states:StateMachineQualifier': 'live' } };

describe('a run in flight', () => {
  let template: Packaged['template'];
  const ofType = (type: string): [string, Resource][] => Object.entries(template.Resources).filter(([, { Type }]) => Type === type);
  const machines = () => ofType('AWS::StepFunctions::StateMachine');
  /** What a definition refers to, by its placeholders. */
  const referred = ({ Properties }: Resource): object[] => {
    const { 'Fn::Sub': sub } = Properties.DefinitionString as { 'Fn::Sub': [string, Record<string, object>] };
    return Object.values(sub[1]);
  };

  beforeAll(async () => {
    template = (await packaged()).template;
  }, 600_000);

  it('ends on the functions that it began with: each definition names published versions, which stay when others come', () => {
    const versions = new Map(ofType('AWS::Lambda::Version'));
    for (const [id, machine] of machines()) {
      const named = referred(machine);
      expect(named.length, id).toBeGreaterThan(3);
      for (const reference of named) expect([...versions.keys()], id).toContain((reference as { Ref?: string }).Ref);
    }
    for (const [id, version] of versions) expect(version.DeletionPolicy, id).toBe('Retain');
  });

  it('ends on the definition that it began with: the alias by which it is started names a published version', () => {
    expect(machines().length).toBeGreaterThan(2);
    for (const [id] of machines()) {
      expect(template.Resources[`${id}Version`]).toMatchObject({
        Type: 'AWS::StepFunctions::StateMachineVersion',
        Properties: { StateMachineArn: { Ref: id }, StateMachineRevisionId: { 'Fn::GetAtt': [id, 'StateMachineRevisionId'] } },
      });
      expect(template.Resources[`${id}Alias`]).toMatchObject({
        Type: 'AWS::StepFunctions::StateMachineAlias',
        Properties: { Name: 'live', RoutingConfiguration: [{ StateMachineVersionArn: { Ref: `${id}Version` }, Weight: 100 }] },
      });
    }
  });

  it('may go on calling them: a state machine may call every version of its functions', () => {
    for (const [id, machine] of machines()) {
      const policies = template.Resources[`${id}Role`]?.Properties.Policies as { PolicyDocument: { Statement: Statement[] } }[];
      const statement = policies
        .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
        .find(({ Action }) => Action === 'lambda:InvokeFunction');
      const called = referred(machine).map((reference) => template.Resources[(reference as { Ref: string }).Ref]?.Properties.FunctionName);
      const wanted = called.map((name) => ({ 'Fn::Sub': `\${${(name as { Ref: string }).Ref}.Arn}:*` }));
      for (const arn of wanted) expect(statement?.Resource, id).toContainEqual(arn);
    }
  });

  it('is started by the alias, whoever starts it', () => {
    const text = JSON.stringify(Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function'));
    const arns = [...text.matchAll(/stateMachine:[^"]+/g)].map(([arn]) => arn);
    expect(new Set(arns)).toEqual(
      new Set(['stateMachine:podshift-migrate-cluster-prod:live', 'stateMachine:podshift-rollback-run-prod:live']),
    );
    expect(template.Resources.RollbackRule?.Properties.Targets).toMatchObject([{ Arn: { Ref: 'RollbackRunAlias' } }]);
    // By its ARN alone only the children of a distributed map start, which have the definition of their parent.
    const own = new Set(machines().map(([id]) => `${id}Role`));
    for (const [id, { Properties }] of ofType('AWS::IAM::Role')) {
      const policies = (Properties.Policies ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
      for (const { Action, Condition } of policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement)) {
        if ([Action].flat().includes('states:StartExecution') && !own.has(id)) expect(Condition, id).toEqual(LIVE);
      }
    }
  });

  it('is seen by the rule: the event of its execution has the ARN of the state machine without an alias', () => {
    expect(template.Resources.RollbackRule?.Properties.EventPattern).toMatchObject({
      detail: { stateMachineArn: [{ Ref: 'MigrateCluster' }, { Ref: 'ScanCluster' }] },
    });
  });
});
