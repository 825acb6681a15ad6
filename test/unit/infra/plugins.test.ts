import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

const load = createRequire(import.meta.url);
const FunctionRoles = load('../../../infra/function-roles.cjs');
const StateMachineRoles = load('../../../infra/state-machine-roles.cjs');
const Partition = load('../../../infra/partition.cjs');
const NeedlessDependencies = load('../../../infra/needless-dependencies.cjs');
const vpc = load('../../../infra/vpc.cjs');

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}
// biome-ignore lint/suspicious/noExplicitAny: what a plugin touches of the framework, which has no types
type Service = any;

/** The framework, as far as the plugins look at it; the answer is the service after their hooks. */
function withPlugin(Plugin: new (serverless: unknown) => { hooks: Record<string, () => void> }, service: Service): Service {
  const provider = { compiledCloudFormationTemplate: { Resources: {} }, ...service.provider };
  const whole = { ...service, provider };
  const naming = {
    getNormalizedFunctionName: (key: string) => key.charAt(0).toUpperCase() + key.slice(1),
    getLogGroupName: (name: string) => `/aws/lambda/${name}`,
  };
  const plugin = new Plugin({ service: whole, getProvider: () => ({ naming }) });
  for (const hook of Object.values(plugin.hooks)) hook();
  return whole;
}

const statementsOf = (service: Service, id: string): Statement[] =>
  service.provider.compiledCloudFormationTemplate.Resources[id].Properties.Policies[0].PolicyDocument.Statement;
const actionsOf = (statements: readonly Statement[]): string[] => statements.flatMap(({ Action }) => Action);

describe('function-roles', () => {
  const functions = (actions: Record<string, string[]>, provider: object = {}): Service => ({
    functions: { readRun: { name: 'podshift-prod-readRun' }, writeRun: { name: 'podshift-prod-writeRun' } },
    provider,
    custom: {
      functionRoles: {
        path: '/podshift/prod/',
        actions,
        statements: [
          { Effect: 'Allow', Action: ['dynamodb:GetItem', 'dynamodb:PutItem'], Resource: 'table' },
          { Effect: 'Allow', Action: ['iam:PassRole'], Resource: '*', Condition: { StringEquals: { 'iam:PassedToService': 'pods' } } },
        ],
      },
    },
  });
  const rows = { readRun: ['dynamodb:GetItem'], writeRun: ['dynamodb:PutItem', 'iam:PassRole'] };

  it('gives each function its row, limited as the statements say, and its own log', () => {
    const service = withPlugin(FunctionRoles, functions(rows));
    expect(service.functions.readRun.role).toEqual({ 'Fn::Sub': `\${ReadRunFunctionRole.Arn}` });
    const [log, traces, ...rest] = statementsOf(service, 'ReadRunFunctionRole');
    expect(log?.Resource).toEqual({ 'Fn::Sub': expect.stringMatching(/:log-group:\/aws\/lambda\/podshift-prod-readRun:\*$/) });
    expect(traces?.Action).toEqual(['xray:PutTraceSegments', 'xray:PutTelemetryRecords']);
    expect(rest).toEqual([{ Effect: 'Allow', Action: ['dynamodb:GetItem'], Resource: 'table' }]);
    expect(statementsOf(service, 'WriteRunFunctionRole').slice(2)).toMatchObject([
      { Action: ['dynamodb:PutItem'], Resource: 'table' },
      { Action: ['iam:PassRole'], Condition: { StringEquals: { 'iam:PassedToService': 'pods' } } },
    ]);
  });

  it('lets functions make network interfaces only where there is a VPC', () => {
    const inVpc = withPlugin(FunctionRoles, functions(rows, { vpc: { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'] } }));
    expect(actionsOf(statementsOf(inVpc, 'ReadRunFunctionRole'))).toContain('ec2:CreateNetworkInterface');
    const without = withPlugin(FunctionRoles, functions(rows, { vpc: null }));
    expect(actionsOf(statementsOf(without, 'ReadRunFunctionRole')).filter((action) => action.startsWith('ec2:'))).toEqual([]);
  });

  it.each([
    ['a function without a row', { readRun: [] }, /writeRun has no row/],
    ['a row without a function', { ...rows, other: [] }, /there is no function other/],
    ['an action that nothing limits', { ...rows, readRun: ['s3:GetObject'] }, /readRun: no statement of permissions\.yml has s3:GetObject/],
  ])('refuses %s', (_what, actions, problem) => {
    expect(() => withPlugin(FunctionRoles, functions(actions as Record<string, string[]>))).toThrow(problem);
  });
});

describe('state-machine-roles', () => {
  const machine = (States: object, more: object = {}): Service => ({
    custom: { functionRoles: { path: '/podshift/prod/' } },
    stepFunctions: { stateMachines: { any: { id: 'Any', name: 'podshift-any-prod', definition: { StartAt: 'First', States }, ...more } } },
  });
  const call = (name: string) => ({ Type: 'Task', Resource: { 'Fn::GetAtt': [`${name}LambdaFunction`, 'Arn'] } });
  const map = (Mode: string) => ({ Type: 'Map', ItemProcessor: { ProcessorConfig: { Mode }, States: { Inner: call('Inner') } } });
  const invoked = (service: Service) => statementsOf(service, 'AnyRole').find(({ Action }) => Action === 'lambda:InvokeFunction')?.Resource;
  const arns = (...names: string[]) => names.map((name) => ({ 'Fn::Sub': `\${${name}LambdaFunction.Arn}:*` }));

  it('lets a state machine call every version of the functions of its states and of its maps, each once', () => {
    const waiting = {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Parameters: { FunctionName: call('Ask').Resource },
    };
    const service = withPlugin(
      StateMachineRoles,
      machine({ First: call('First'), Again: call('First'), Waiting: waiting, Each: map('INLINE') }),
    );
    expect(invoked(service)).toEqual(arns('Ask', 'First', 'Inner'));
    expect(service.stepFunctions.stateMachines.any.role).toEqual({ 'Fn::GetAtt': ['AnyRole', 'Arn'] });
    expect(actionsOf(statementsOf(service, 'AnyRole'))).not.toContain('states:StartExecution');
  });

  it('lets one with a distributed map start, follow, stop and redrive its own children', () => {
    const service = withPlugin(StateMachineRoles, machine({ Each: map('DISTRIBUTED') }));
    const states = statementsOf(service, 'AnyRole').filter(({ Action }) => [Action].flat().some((action) => action.startsWith('states:')));
    expect(actionsOf(states).sort()).toEqual([
      'states:DescribeExecution',
      'states:RedriveExecution',
      'states:StartExecution',
      'states:StopExecution',
    ]);
    for (const { Resource } of states)
      expect([Resource].flat().every((arn) => JSON.stringify(arn).includes(':podshift-any-prod'))).toBe(true);
    expect(JSON.stringify(states)).toContain('stateMachine:podshift-any-prod"');
  });

  it('adds statements of the state machine’s own, and calls nothing where it has no functions', () => {
    const own = { Effect: 'Allow', Action: 'sns:Publish', Resource: 'topic' };
    const service = withPlugin(StateMachineRoles, machine({ First: { Type: 'Pass' } }, { iamRoleStatements: [own] }));
    expect(statementsOf(service, 'AnyRole')).toContainEqual(own);
    expect(invoked(service)).toBeUndefined();
    expect(service.stepFunctions.stateMachines.any).not.toHaveProperty('iamRoleStatements');
  });
});

describe('partition', () => {
  const plain = '{"Resource":"arn:aws:states:::lambda:invoke","Comment":"arn:aws:iam::1:role/x"}';
  const named = `{"Resource":"arn:\${AWS::Partition}:states:::lambda:invoke","Comment":"arn:aws:iam::1:role/x"}`;

  it.each([
    ['text', plain, { 'Fn::Sub': named }],
    ['an Fn::Sub', { 'Fn::Sub': plain }, { 'Fn::Sub': named }],
    ['an Fn::Sub with values', { 'Fn::Sub': [plain, { a: 'b' }] }, { 'Fn::Sub': [named, { a: 'b' }] }],
    ['text without integrations', '{}', '{}'],
  ])('names service integrations as the partition of the stack does: %s', (_what, DefinitionString, expected) => {
    const Resources = { Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties: { DefinitionString } }, Other: { Type: 'Other' } };
    withPlugin(Partition, { provider: { compiledCloudFormationTemplate: { Resources } } });
    expect(Resources.Machine.Properties.DefinitionString).toEqual(expected);
  });
});

describe('needless-dependencies', () => {
  it.each([
    ['a Ref', { A: { Ref: 'Other' } }],
    ['an Fn::GetAtt', { A: [{ 'Fn::GetAtt': ['Other', 'Arn'] }] }],
    ['an Fn::GetAtt of one text', { A: { 'Fn::GetAtt': 'Other.Arn' } }],
    ['an Fn::Sub', { A: { 'Fn::Sub': `x\${Other.Arn}` } }],
    ['a value of an Fn::Sub', { A: { 'Fn::Sub': [`x\${own}`, { own: { Ref: 'Other' } }] } }],
  ])('takes out what %s implies, and keeps the rest', (_what, Properties) => {
    const Resources = {
      One: { DependsOn: ['Other', 'Third'], Properties },
      Two: { DependsOn: 'Other', Properties },
      Three: { Properties },
    };
    withPlugin(NeedlessDependencies, { provider: { compiledCloudFormationTemplate: { Resources } } });
    expect(Resources.One.DependsOn).toEqual(['Third']);
    expect(Resources.Two).not.toHaveProperty('DependsOn');
  });
});

describe('vpc', () => {
  const of = (values: Record<string, string>) => vpc({ resolveVariable: async (name: string) => values[name.replace('param:', '')] ?? '' });

  it('is none without parameters', async () => {
    expect(await of({})).toBeNull();
  });

  it('has the ids of both lists', async () => {
    expect(await of({ subnetIds: 'subnet-1, subnet-2', securityGroupIds: 'sg-1' })).toEqual({
      subnetIds: ['subnet-1', 'subnet-2'],
      securityGroupIds: ['sg-1'],
    });
  });

  it.each([{ subnetIds: 'subnet-1' }, { securityGroupIds: 'sg-1' }])('needs both: %j', async (values) => {
    await expect(of(values)).rejects.toThrow(/both/);
  });
});
