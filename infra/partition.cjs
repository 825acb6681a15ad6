/**
 * Serverless plugin: service integrations in the partition of the stack. The definitions name them as in most regions
 * (arn:aws:states:::…), which the local engine and asl-validator take as they are; in China and GovCloud they are named otherwise.
 */
class Partition {
  constructor(serverless) {
    this.hooks = {
      'after:package:compileFunctions': () => {
        const { Resources } = serverless.service.provider.compiledCloudFormationTemplate;
        for (const { Type, Properties } of Object.values(Resources)) {
          if (Type === 'AWS::StepFunctions::StateMachine') Properties.DefinitionString = inPartition(Properties.DefinitionString);
        }
      },
    };
  }
}

/** A definition is text, or what Fn::Sub makes of one. */
function inPartition(definition) {
  const [text, ...values] = typeof definition === 'string' ? [definition] : [definition['Fn::Sub']].flat();
  const named = text.replaceAll('"arn:aws:states:::', `"arn:\${AWS::Partition}:states:::`);
  if (named === text) return definition;
  return { 'Fn::Sub': values.length === 0 ? named : [named, ...values] };
}

module.exports = Partition;
