/**
 * Serverless plugin: publishes a version of each state machine at each deployment that changes it, and points the alias `live` at it,
 * by which everything starts executions. A definition names published versions of its functions (`useExactVersion`), so an execution
 * ends on the definition and the functions that it began with, whatever is deployed meanwhile.
 */
const ALIAS = 'live';

class StateMachineVersions {
  constructor(serverless) {
    this.hooks = {
      // After serverless-step-functions has compiled the state machines, ahead of the dependencies being taken out.
      'after:package:compileFunctions': () => {
        const { Resources } = serverless.service.provider.compiledCloudFormationTemplate;
        for (const [id, { Type }] of Object.entries(Resources)) {
          if (Type === 'AWS::StepFunctions::StateMachine') Object.assign(Resources, published(id));
        }
      },
    };
  }
}

/** A version of the state machine's revision, and the alias. CloudFormation makes another version for another revision, and deletes the one before after the alias has left it. */
function published(id) {
  return {
    [`${id}Version`]: {
      Type: 'AWS::StepFunctions::StateMachineVersion',
      Properties: {
        Description: 'What executions are started with until the next deployment that changes it',
        StateMachineArn: { Ref: id },
        StateMachineRevisionId: { 'Fn::GetAtt': [id, 'StateMachineRevisionId'] },
      },
    },
    [`${id}Alias`]: {
      Type: 'AWS::StepFunctions::StateMachineAlias',
      Properties: {
        Name: ALIAS,
        Description: 'The version that executions are started with',
        RoutingConfiguration: [{ StateMachineVersionArn: { Ref: `${id}Version` }, Weight: 100 }],
      },
    },
  };
}

module.exports = StateMachineVersions;
