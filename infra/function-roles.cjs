/**
 * Serverless plugin: gives each function a role of its own. What an action may touch is said once, in permissions.yml;
 * which actions a function calls, in function-permissions.yml. A function's role is what both say.
 */
class FunctionRoles {
  constructor(serverless) {
    this.serverless = serverless;
    // Ahead of the framework's own role, which it makes only where a function has none.
    this.hooks = { 'before:package:setupProviderConfiguration': () => this.addRoles() };
  }

  addRoles() {
    const { service } = this.serverless;
    const { naming } = this.serverless.getProvider('aws');
    const { statements: all, actions, path, ownersTag } = service.custom.functionRoles;
    const statements = all.map((statement) => tagged(statement, ownersTag));
    checkTable(Object.keys(service.functions), actions, statements);
    for (const [key, definition] of Object.entries(service.functions)) {
      const id = `${naming.getNormalizedFunctionName(key)}FunctionRole`;
      if (actions[key].some((action) => action.endsWith(READING)))
        definition.environment = { ...definition.environment, ...READING_ENVIRONMENT };
      if (actions[key].includes(CHANGING))
        definition.environment = { ...definition.environment, FUNCTION_ROLE_ARN: { 'Fn::Sub': `\${${id}.Arn}` } };
      // By Fn::Sub: for an Fn::GetAtt the framework adds a DependsOn, which the reference itself makes needless.
      definition.role = { 'Fn::Sub': `\${${id}.Arn}` };
      service.provider.compiledCloudFormationTemplate.Resources[id] = role(path, [
        ...ownStatements(naming.getLogGroupName(definition.name), service.provider),
        ...granted(statements, actions[key]),
      ]);
    }
  }
}

/** Every function has its row, every row its function, and every action a statement that says what it may touch. */
function checkTable(functions, actions, statements) {
  const scoped = new Set(statements.flatMap((statement) => statement.Action));
  const problems = [
    ...functions.filter((key) => actions[key] === undefined).map((key) => `the function ${key} has no row`),
    ...Object.keys(actions)
      .filter((key) => !functions.includes(key))
      .map((key) => `there is no function ${key}`),
    ...Object.entries(actions).flatMap(([key, row]) =>
      row.filter((action) => !scoped.has(action)).map((action) => `${key}: no statement of permissions.yml has ${action}`),
    ),
  ];
  if (problems.length > 0) throw new Error(`infra/function-permissions.yml: ${problems.join('; ')}`);
}

/** The statements of the service, each with the actions that a function calls. */
function granted(statements, row) {
  return statements
    .map((statement) => ({ ...statement, Action: statement.Action.filter((action) => row.includes(action)) }))
    .filter((statement) => statement.Action.length > 0)
    .map((statement) => ({ ...statement, Action: statement.Action.map((action) => action.replace(READING, '')) }));
}

/** How an action is marked whose resources are those of functions that change nothing. */
const READING = '/read';

/** What a function calls that changes something in accounts and clusters: it has on record as whom. */
const CHANGING = 'sts:AssumeRole';

/** What tells such a function which roles to take (functions/runtime). */
const READING_ENVIRONMENT = {
  MEMBER_ROLE: 'reading',
  CLUSTER_ACCESS_ROLE_ARN: { 'Fn::GetAtt': ['ClusterReadingRole', 'Arn'] },
};

/** The statement, limited to what carries the owner's tag (`KEY=VALUE`) where it asks for that and there is one. */
function tagged({ OwnersTag: wantsTag, ...statement }, ownersTag) {
  if (!wantsTag || ownersTag === '') return statement;
  const [, key, value] = /^([\w+.@:/-]+)=([\w+=.@-]+)$/.exec(ownersTag) ?? [];
  if (key === undefined) throw new Error(`the parameter ownersTag is KEY=VALUE, or empty: ${ownersTag}`);
  return { ...statement, Condition: { StringEquals: { [`aws:ResourceTag/${key}`]: value } } };
}

/** What Lambda itself needs of a function's role: its log, its traces and, in a VPC, its network interfaces. */
function ownStatements(logGroup, provider) {
  const log = `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:${logGroup}:*`;
  const statements = [
    { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: { 'Fn::Sub': log } },
    { Effect: 'Allow', Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], Resource: '*' },
  ];
  return provider.vpc?.subnetIds ? [...statements, { Effect: 'Allow', Action: NETWORK_INTERFACES, Resource: '*' }] : statements;
}

/** Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC": required IAM permissions. */
const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

function role(path, statements) {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      Path: path,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [{ PolicyName: 'function', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
    },
  };
}

module.exports = FunctionRoles;
