/**
 * Serverless plugin: gives each state machine a role of its own, read off its definition: the functions that it calls, its
 * own child executions where it has a distributed map, its log and its traces. `iamRoleStatements` adds to it.
 */
class StateMachineRoles {
  constructor(serverless) {
    this.serverless = serverless;
    // Ahead of serverless-step-functions' own role, which it makes only where a state machine has none.
    this.hooks = { 'before:package:compileFunctions': () => this.addRoles() };
  }

  addRoles() {
    const { service } = this.serverless;
    for (const machine of Object.values(service.stepFunctions.stateMachines)) {
      const id = `${machine.id}Role`;
      const { iamRoleStatements = [] } = machine;
      delete machine.iamRoleStatements;
      machine.role = { 'Fn::GetAtt': [id, 'Arn'] };
      service.provider.compiledCloudFormationTemplate.Resources[id] = {
        Type: 'AWS::IAM::Role',
        Properties: {
          Path: service.custom.functionRoles.path,
          AssumeRolePolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'states.amazonaws.com' },
                Action: 'sts:AssumeRole',
                Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
              },
            ],
          },
          Policies: [
            {
              PolicyName: 'state-machine',
              PolicyDocument: { Version: '2012-10-17', Statement: [...statements(machine), ...iamRoleStatements] },
            },
          ],
        },
      };
    }
  }
}

function statements({ name, definition }) {
  const states = allStates(definition);
  const functions = new Set(states.flatMap((state) => (state.Type === 'Task' ? functionsOf(state) : [])));
  return [
    ...(functions.size === 0 ? [] : [allow('lambda:InvokeFunction', [...functions].sort().map(versionsOf))]),
    ...(states.some((state) => state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED') ? ownChildren(name) : []),
    allow(LOG_DELIVERY, '*'),
    allow(['xray:PutTraceSegments', 'xray:PutTelemetryRecords', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'], '*'),
  ];
}

function allStates(machine) {
  return Object.values(machine.States).flatMap((state) => [state, ...(state.ItemProcessor ? allStates(state.ItemProcessor) : [])]);
}

function functionsOf({ Resource, Parameters }) {
  return [Resource, Parameters?.FunctionName].flatMap((value) => value?.['Fn::GetAtt']?.[0] ?? []);
}

/** Every version: an execution goes on with those that it began with. */
function versionsOf(id) {
  return { 'Fn::Sub': `\${${id}.Arn}:*` };
}

/** Step Functions Developer Guide, "IAM policies for using Distributed Map states"; an execution that is redriven redrives its children. */
function ownChildren(name) {
  const own = (suffix) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:states:\${AWS::Region}:\${AWS::AccountId}:${suffix}` });
  return [
    allow('states:StartExecution', own(`stateMachine:${name}`)),
    allow(['states:DescribeExecution', 'states:StopExecution'], [own(`execution:${name}:*`), own(`execution:${name}/*:*`)]),
    allow('states:RedriveExecution', own(`execution:${name}/*:*`)),
  ];
}

/** Step Functions Developer Guide, "Logging using CloudWatch Logs": none of these knows resources. */
const LOG_DELIVERY = [
  'logs:CreateLogDelivery',
  'logs:GetLogDelivery',
  'logs:UpdateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:DescribeResourcePolicies',
  'logs:DescribeLogGroups',
];

function allow(action, resource) {
  return { Effect: 'Allow', Action: action, Resource: resource };
}

module.exports = StateMachineRoles;
